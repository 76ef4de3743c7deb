/*
 * Loaded into daybook by LD_PRELOAD: writes every 10 ms, as a line to the file that STEADY_PROBE
 * names, what jemalloc says: bytes allocated now, by all; bytes that the main thread, which is the
 * first lane, has asked for since its start. "none": the program has no jemalloc.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int mallctl(const char *name, void *old, size_t *old_bytes, void *value, size_t value_bytes)
    __attribute__((weak));

static int file = -1;
static const uint64_t *asked_by_main; /* written by the main thread's jemalloc, read by ours */

static void write_line(const char *line, int bytes)
{
    if (write(file, line, (size_t)bytes) != bytes)
        _exit(99);
}

/* Allocates nothing itself. */
static void *sample(void *unused)
{
    (void)unused;
    for (;;) {
        char line[64];
        uint64_t epoch = 1;
        size_t allocated, bytes = sizeof(epoch), allocated_bytes = sizeof(allocated);
        if (mallctl("epoch", &epoch, &bytes, &epoch, bytes) != 0 ||
            mallctl("stats.allocated", &allocated, &allocated_bytes, NULL, 0) != 0)
            _exit(99);
        uint64_t asked = __atomic_load_n(asked_by_main, __ATOMIC_RELAXED);
        write_line(
            line, snprintf(line, sizeof(line), "%zu %llu\n", allocated, (unsigned long long)asked));
        (void)poll(NULL, 0, 10);
    }
    return NULL;
}

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("STEADY_PROBE");
    size_t bytes = sizeof(asked_by_main);
    pthread_t thread;
    if (name == NULL)
        return;
    file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        _exit(99);
    if (mallctl == NULL ||
        mallctl("thread.allocatedp", (void *)&asked_by_main, &bytes, NULL, 0) != 0)
        write_line("none\n", 5);
    else if (pthread_create(&thread, NULL, sample, NULL) != 0)
        _exit(99);
}
