/* The plain command: a screen, or what stands for it where there is none. */
#include "commands.h"

#include <unistd.h>

enum exit_code command_run(const struct options *o)
{
    if (o->dump)
        return pane_dump(o);
    if (o->once || o->json || o->format[0] || !isatty(STDOUT_FILENO))
        return command_status(o);
    return pane_show(o);
}
