#include "model.h"

const char *run_state_name(enum run_state s)
{
    static const char *const names[] = {
        [RUN_STARTING] = "starting",     [RUN_THINKING] = "thinking",
        [RUN_STREAMING] = "streaming",   [RUN_TOOL] = "tool",
        [RUN_PERMISSION] = "permission", [RUN_INPUT] = "input",
        [RUN_COMPACTING] = "compacting", [RUN_RETRYING] = "retrying",
        [RUN_FAILED] = "failed",         [RUN_IDLE] = "idle",
        [RUN_ENDED] = "ended",           [RUN_STALE] = "stale",
    };
    return names[s];
}

const char *node_kind_name(enum node_kind k)
{
    static const char *const names[] = {
        [NODE_TURN] = "turn",
        [NODE_LLM] = "llm",
        [NODE_TOOL] = "tool",
        [NODE_AGENT] = "agent",
        [NODE_PERMISSION] = "permission",
        [NODE_COMPACTION] = "compaction",
        [NODE_HOOK] = "hook",
        [NODE_EVENT] = "event",
        [NODE_SPAN] = "span",
    };
    return names[k];
}

const char *turn_kind_name(enum turn_kind k)
{
    static const char *const names[] = {
        [TURN_KIND_NONE] = "prompt",
        [TURN_KIND_PROMPT] = "prompt",
        [TURN_KIND_BASH] = "bash",
        [TURN_KIND_COMMAND] = "command",
        [TURN_KIND_COMPACT] = "compact",
        [TURN_KIND_NOTIFICATION] = "notification",
        [TURN_KIND_BACKGROUND] = "background",
    };
    return names[k];
}

const char *node_state_name(enum node_state s)
{
    static const char *const names[] = {
        [NODE_UNKNOWN] = "unknown",         [NODE_RUNNING] = "running",
        [NODE_WAITING] = "waiting",         [NODE_DONE] = "ok",
        [NODE_FAILED] = "failed",           [NODE_REJECTED] = "rejected",
        [NODE_INTERRUPTED] = "interrupted",
    };
    return names[s];
}

const char *red_kind_name(enum red_kind k)
{
    static const char *const names[] = {[RED_LLM] = "llm",
                                        [RED_TOOL] = "tool",
                                        [RED_MCP] = "mcp",
                                        [RED_SESSION] = "session",
                                        [RED_AGENT] = "agent"};
    return names[k];
}
