#include "wrap.h"

struct slice wrap_next(struct slice *rest, int cols)
{
    struct slice head = text_prefix(*rest, cols > 0 ? (size_t)cols : 0, NULL);
    if (head.len == 0) {
        struct text_cluster cluster;
        const char *start = rest->ptr;
        text_next(rest, &cluster);
        return slice_make(start, (size_t)(rest->ptr - start));
    }
    if (head.len < rest->len && rest->ptr[head.len] == ' ') { /* the line is full, and its word ends here */
        *rest = slice_sub(*rest, head.len + 1, rest->len);
        return head;
    }
    for (size_t i = head.len; head.len < rest->len && i > head.len / 2; i--)
        if (head.ptr[i - 1] == ' ') {
            head.len = i;
            break;
        }
    *rest = slice_sub(*rest, head.len, rest->len);
    return head;
}
