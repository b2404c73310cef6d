/*
 * project.h - which folders belong to the project of a folder, so that a pane can follow it.
 *
 * That is the working tree of Git that the folder is in, and every other working tree of that repository
 * (gitrepository-layout(5): `commondir`, `worktrees/NAME/gitdir`); outside of Git the folder itself. A
 * repository in the home folder counts only for the home folder itself: who keeps settings there does not
 * have one project. Git is not run, its files are read.
 */
#ifndef CT_APP_PROJECT_H
#define CT_APP_PROJECT_H

#include "arena.h"
#include "errors.h"
#include "slice.h"

/* More working trees than that are not looked for. */
#define PROJECT_FOLDERS_MAX 64

struct project {
    struct slice folders[PROJECT_FOLDERS_MAX]; /* absolute, without links, cleaned as the model's are */
    size_t count;
    struct arena arena;
};

void project_init(struct project *p);
void project_finish(struct project *p);

/*
 * Reads it anew: working trees come and go. home may be NULL. CT_ERR_NOT_FOUND when there is no such folder:
 * *p is then as it was.
 */
enum ct_err project_find(struct project *p, const char *folder, const char *home, struct ct_errmsg *msg);

/* A longer name of a branch is not told. */
#define PROJECT_BRANCH_MAX 256

/*
 * The branch that is checked out in the folder's working tree, without "refs/heads/", cleaned, or the first
 * digits of a commit that is checked out without one; as `git switch` left it. Empty, and false, outside of a
 * project.
 */
bool project_branch(const char *folder, const char *home, char out[PROJECT_BRANCH_MAX]);

#endif
