/* serve and the collecting half of the plain command: one collector on one loop. */
#include "collector.h"
#include "commands.h"
#include "log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct server {
    uv_loop_t loop;
    struct collector *collector;
    uv_signal_t signals[2];
    bool stopping;
};

void command_log(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    fprintf(stderr, "claude-top: %s\n", line);
}

/* sd_notify(3): one datagram to the socket that the service manager named. */
static void notify_manager(const char *state)
{
    const char *path = env_get(&env_process, "NOTIFY_SOCKET");
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof addr.sun_path)
        return;
    memcpy(addr.sun_path, path, strlen(path) + 1);
    if (path[0] == '@')
        addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr, len);
    close(fd);
}

static void on_stopped(void *ctx)
{
    struct server *s = ctx;
    uv_close((uv_handle_t *)&s->signals[0], NULL);
    uv_close((uv_handle_t *)&s->signals[1], NULL);
}

static void stop(struct server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    notify_manager("STOPPING=1");
    collector_stop(s->collector, on_stopped, s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_hand_over(void *ctx)
{
    log_warn("another claude-top of this user asked for the ports: this one ends");
    stop(ctx);
}

enum exit_code command_serve(const struct options *o)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    struct server s = {0};
    struct ct_errmsg msg;
    enum exit_code code = EXIT_CODE_OK;
    log_set_sink(command_log, NULL, LOG_LEVEL_WARN);
    uv_loop_init(&s.loop);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&s.loop, &s.signals[i]);
        s.signals[i].data = &s;
        uv_signal_start(&s.signals[i], on_signal, numbers[i]);
    }
    struct collector_config config = {.loop = &s.loop, .options = o, .on_hand_over = on_hand_over, .ctx = &s};
    enum ct_err err = collector_create(&config, &s.collector, &msg);
    if (err) {
        code = command_fail(err, &msg);
        on_stopped(&s);
    } else {
        const struct collector_addresses *a = collector_addresses(s.collector);
        printf("ready http=%s grpc=%s socket=%s\n", a->http, a->grpc, a->socket);
        fflush(stdout);
        notify_manager("READY=1");
    }
    uv_run(&s.loop, UV_RUN_DEFAULT);
    collector_destroy(s.collector);
    uv_loop_close(&s.loop);
    return code;
}
