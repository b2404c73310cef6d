/* hook and statusline where the launcher did not run them: behind another flag, say. */
#include "commands.h"
#include "quick.h"

enum exit_code command_hook(const struct options *o)
{
    quick_hook(o->socket, &env_process, NULL);
    return EXIT_CODE_OK;
}

enum exit_code command_statusline(const struct options *o)
{
    quick_statusline(o->socket, &env_process, o->then);
    return EXIT_CODE_OK;
}
