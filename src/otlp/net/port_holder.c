#include "port_holder.h"

#include "text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sockets that listen on one port: one for each address, and each process of a shared one. */
#define INODES_MAX 16
#define TCP_LISTEN 0x0a

struct inodes {
    unsigned long items[INODES_MAX];
    size_t count;
};

static void read_table(const char *path, unsigned port, struct inodes *inodes)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    char line[512];
    while (fgets(line, sizeof(line), file)) {
        unsigned local = 0;
        unsigned state = 0;
        unsigned long inode = 0;
        /* sl, local address:port, remote address:port, state, queues, timer, retransmits, uid, timeout, inode
         */
        int n = sscanf(line, "%*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*u %*u %lu", &local,
                       &state, &inode);
        if (n == 3 && local == port && state == TCP_LISTEN && inode && inodes->count < INODES_MAX)
            inodes->items[inodes->count++] = inode;
    }
    fclose(file);
}

static bool holds(const char *pid, const struct inodes *inodes)
{
    char path[300];
    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(dir));) {
        char link[64];
        snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, entry->d_name);
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        if (n <= 0)
            continue;
        link[n] = '\0';
        unsigned long inode = 0;
        if (sscanf(link, "socket:[%lu]", &inode) != 1)
            continue;
        for (size_t i = 0; i < inodes->count; i++)
            found = found || inodes->items[i] == inode;
    }
    closedir(dir);
    return found;
}

static void read_name(const char *pid, char *out)
{
    char path[64];
    char name[64];
    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(name, 1, sizeof(name), file) : 0;
    if (file)
        fclose(file);
    while (n && name[n - 1] == '\n')
        n--;
    text_clean(slice_make(name, n), out, PORT_HOLDER_NAME_MAX);
}

bool port_holder_find(unsigned port, struct port_holder *out)
{
    struct inodes inodes = {.count = 0};
    read_table("/proc/net/tcp", port, &inodes);
    read_table("/proc/net/tcp6", port, &inodes);
    DIR *proc = inodes.count ? opendir("/proc") : NULL;
    if (!proc)
        return false;
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(proc));) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || !holds(entry->d_name, &inodes))
            continue;
        found = true;
        out->pid = (pid_t)strtol(entry->d_name, NULL, 10);
        read_name(entry->d_name, out->name);
    }
    closedir(proc);
    return found;
}
