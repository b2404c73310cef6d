#include "line_diff.h"

#include "mem.h"

#include <stdlib.h>

struct lines {
    struct slice *at;
    size_t count;
};

static struct lines split(struct slice text)
{
    struct lines l = {NULL, 0};
    size_t room = 1;
    for (size_t i = 0; i < text.len; i++)
        room += text.ptr[i] == '\n';
    l.at = mem_alloc(room * sizeof *l.at);
    while (text.len) {
        size_t end = slice_find(text, '\n');
        l.at[l.count++] = slice_sub(text, 0, end);
        text = slice_sub(text, end + 1, text.len);
    }
    return l;
}

/* How a line of either text fares: one step of the way from before to after. */
struct diff {
    struct lines a, b;
    size_t from;      /* lines that are the same at the start */
    size_t an, bn;    /* lines in between */
    uint16_t *common; /* (an + 1) * (bn + 1): longest common part of what follows */
    struct buf *out;
};

static uint16_t *cell(const struct diff *d, size_t i, size_t k)
{
    return &d->common[i * (d->bn + 1) + k];
}

static bool same_line(const struct diff *d, size_t i, size_t k)
{
    return slice_eq(d->a.at[d->from + i], d->b.at[d->from + k]);
}

static void fill(struct diff *d)
{
    for (size_t i = d->an; i-- > 0;)
        for (size_t k = d->bn; k-- > 0;) {
            uint16_t down = *cell(d, i + 1, k), right = *cell(d, i, k + 1);
            *cell(d, i, k) = same_line(d, i, k) ? (uint16_t)(*cell(d, i + 1, k + 1) + 1)
                             : down >= right    ? down
                                                : right;
        }
}

static enum ct_err put(struct diff *d, char mark, struct slice line)
{
    return buf_printf(d->out, "%c%.*s\n", mark, SLICE_ARG(line));
}

/* One hunk for all of it would show too much of what stays, so runs of more than twice the context are cut.
 */
static enum ct_err print(struct diff *d)
{
    size_t i = 0, k = 0, lead = d->from < LINE_DIFF_CONTEXT ? d->from : LINE_DIFF_CONTEXT;
    enum ct_err err = buf_printf(d->out, "@@ line %zu @@\n", d->from - lead + 1);
    for (size_t n = lead; n > 0 && !err; n--)
        err = put(d, ' ', d->a.at[d->from - n]);
    while ((i < d->an || k < d->bn) && !err) {
        size_t run = 0;
        while (i + run < d->an && k + run < d->bn && same_line(d, i + run, k + run))
            run++;
        for (size_t n = 0; n < run && !err; n++) {
            bool hidden = n >= LINE_DIFF_CONTEXT && run - n > LINE_DIFF_CONTEXT;
            if (!hidden)
                err = put(d, ' ', d->a.at[d->from + i + n]);
            else if (n == LINE_DIFF_CONTEXT)
                err = buf_printf(d->out, "@@ line %zu @@\n", d->from + i + run - LINE_DIFF_CONTEXT + 1);
        }
        i += run;
        k += run;
        if (i < d->an && (k == d->bn || *cell(d, i + 1, k) >= *cell(d, i, k + 1))) {
            if (!err)
                err = put(d, '-', d->a.at[d->from + i++]);
        } else if (k < d->bn && !err) {
            err = put(d, '+', d->b.at[d->from + k++]);
        }
    }
    for (size_t n = 0; n < LINE_DIFF_CONTEXT && d->from + d->an + n < d->a.count && !err; n++)
        err = put(d, ' ', d->a.at[d->from + d->an + n]);
    return err;
}

enum ct_err line_diff(struct slice before, struct slice after, struct buf *out)
{
    struct diff d = {.a = split(before), .b = split(after), .out = out};
    enum ct_err err = CT_OK;
    while (d.from < d.a.count && d.from < d.b.count && slice_eq(d.a.at[d.from], d.b.at[d.from]))
        d.from++;
    d.an = d.a.count - d.from;
    d.bn = d.b.count - d.from;
    while (d.an && d.bn && same_line(&d, d.an - 1, d.bn - 1)) {
        d.an--;
        d.bn--;
    }
    if (d.an > LINE_DIFF_LINES_MAX || d.bn > LINE_DIFF_LINES_MAX) {
        err = CT_ERR_LIMIT;
    } else if (d.an || d.bn) {
        d.common = calloc((d.an + 1) * (d.bn + 1), sizeof *d.common);
        err = d.common ? CT_OK : CT_ERR_NOMEM;
        if (!err) {
            fill(&d);
            err = print(&d);
        }
        free(d.common);
    }
    free(d.a.at);
    free(d.b.at);
    return err;
}
