#define _GNU_SOURCE /* flock, SO_PEERCRED */

#include "receiver_internal.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The lock is held for microseconds; nobody waits for it longer than half a second. */
#define LOCK_TRIES   100
#define LOCK_WAIT_NS 5000000

enum occupant { NOBODY, STALE, LISTENING, NOT_A_SOCKET, UNKNOWN };

/* What is at that path. Only a socket that refuses us is stale. */
static enum occupant occupant_of(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st))
        return errno == ENOENT ? NOBODY : UNKNOWN;
    if (!S_ISSOCK(st.st_mode))
        return NOT_A_SOCKET;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || !listener_prepare_fd(fd)) {
        if (fd >= 0)
            close(fd);
        return UNKNOWN;
    }
    enum occupant found = LISTENING; /* also a full backlog: EAGAIN */
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno != EAGAIN)
        found = errno == ECONNREFUSED ? STALE : errno == ENOENT ? NOBODY : UNKNOWN;
    close(fd);
    return found;
}

/* Two starts at once must not both find the same stale file: the folder's lock lets one in. */
static int lock_folder(const char *path)
{
    char *folder = mem_strdup(slice_str(path));
    char *slash = strrchr(folder, '/');
    if (slash == folder)
        slash[1] = '\0';
    else if (slash)
        *slash = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = errno;
    free(folder);
    for (int tries = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB); tries++) {
        err = errno;
        if (err != EWOULDBLOCK || tries == LOCK_TRIES) {
            close(fd);
            fd = -1;
        } else {
            nanosleep(&(struct timespec){.tv_nsec = LOCK_WAIT_NS}, NULL);
        }
    }
    errno = err;
    return fd;
}

static enum ct_err bind_here(struct receiver *r, const struct sockaddr_un *address, struct ct_errmsg *msg)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct stat st;
    /* Nobody can connect between bind and chmod: the socket does not listen yet. */
    if (fd < 0 || !listener_prepare_fd(fd) || bind(fd, (const struct sockaddr *)address, sizeof(*address)) ||
        chmod(address->sun_path, S_IRUSR | S_IWUSR) || lstat(address->sun_path, &st) ||
        listen(fd, LISTENER_BACKLOG)) {
        int err = errno;
        if (fd >= 0)
            close(fd);
        return ct_fail(msg, CT_ERR_IO, "cannot listen on %s: %s", address->sun_path, strerror(err));
    }
    struct listener *l = NULL;
    enum ct_err err = listener_add(r, fd, true, &l, msg);
    if (!err) {
        l->path = mem_strdup(slice_str(address->sun_path));
        l->dev = st.st_dev;
        l->ino = st.st_ino;
    }
    return err;
}

/* The user who called connect(): 1 when the system has told, 0 when it refused to, -1 when it does not tell.
 */
static int peer_user(int fd, uid_t *user)
{
#if defined(SO_PEERCRED)
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || len != sizeof(peer))
        return 0;
    *user = peer.uid;
    return 1;
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__)
    gid_t group;
    return getpeereid(fd, user, &group) == 0;
#else
    (void)fd, (void)user;
    return -1;
#endif
}

/* The second line behind the file's mode, which somebody may have widened. */
bool listener_peer_allowed(int fd)
{
    uid_t user = 0;
    int told = peer_user(fd, &user);
    return told < 0 || (told && (user == geteuid() || user == 0));
}

enum ct_err receiver_listen_unix(struct receiver *r, const char *path, struct ct_errmsg *msg)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(address.sun_path))
        return ct_fail(msg, CT_ERR_USAGE,
                       "a socket path has 1 to %zu bytes; choose another with --socket PATH",
                       sizeof(address.sun_path) - 1);
    memcpy(address.sun_path, path, len);

    int lock = lock_folder(path);
    if (lock < 0)
        return ct_fail(msg, errno == EWOULDBLOCK ? CT_ERR_BUSY : CT_ERR_IO, "cannot listen on %s: %s", path,
                       errno == EWOULDBLOCK ? "another start is under way, try again" : strerror(errno));
    enum ct_err err;
    switch (occupant_of(&address)) {
    case LISTENING:
        err = ct_fail(msg, CT_ERR_BUSY, "somebody listens on %s already; choose another with --socket PATH",
                      path);
        break;
    case NOT_A_SOCKET:
        err =
            ct_fail(msg, CT_ERR_BUSY, "%s is a file, not a socket; choose another with --socket PATH", path);
        break;
    case UNKNOWN:
        err = ct_fail(msg, CT_ERR_IO, "cannot tell what is at %s: %s", path, strerror(errno));
        break;
    case STALE:
        unlink(path);
        err = bind_here(r, &address, msg);
        break;
    default:
        err = bind_here(r, &address, msg);
        break;
    }
    close(lock);
    return err;
}
