/* Other commands of this program, as processes of their own: measured, or served by. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "jobs/bench.h"
#include "jobs/child.h"
#include "jobs/proc.h"
#include "real/clock.h"

#define LOOK_EVERY_MS 50
#define BANK_START_MS 30000
#define OUTPUT_BYTES_MAX (1U << 20)
#define HELD_LABEL "held answers back for "

void bench_say(struct bench_words *words, const char *word)
{
    CHECK(words->count + 1 < BENCH_WORDS_MAX && word != NULL);
    words->words[words->count++] = word;
}

void bench_say_option(struct bench_words *words, const char *option, const char *value)
{
    bench_say(words, option);
    bench_say(words, value);
}

static pid_t start(const struct bench *bench, const struct bench_words *words, int *output)
{
    // execv wants char *const[]; it does not change them.
    char *argv[BENCH_WORDS_MAX + 1] = {(char *)(uintptr_t)bench->job->program};
    for (size_t i = 0; i < words->count; i++)
        argv[i + 1] = (char *)(uintptr_t)words->words[i];
    return child_start(argv, output);
}

int bench_command(const struct bench *bench, const struct bench_words *words)
{
    struct bench_ended ended;
    if (!bench_measure(bench, words, &ended))
        return JOB_TRY_AGAIN;
    free(ended.output);
    return child_signal() != 0 ? JOB_STOPPED : ended.exit_code;
}

/* ---- measured -------------------------------------------------------------------------------- */

/* What comes within a moment. False: the end. */
static bool read_more(int fd, char *text, size_t room, size_t *used)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, LOOK_EVERY_MS) <= 0)
        return true;
    char lost[4096];
    bool fits = *used + 1 < room;
    ssize_t got = fits ? read(fd, text + *used, room - 1 - *used) : read(fd, lost, sizeof lost);
    if (got < 0)
        return errno == EINTR;
    *used += fits ? (size_t)got : 0;
    text[*used] = '\0';
    return got > 0;
}

static uint64_t time_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_usec * NS_PER_US;
}

/* A process that ended has no memory to ask for: it is looked at while it goes on. */
static void watch(pid_t pid, int output, struct bench_ended *ended)
{
    size_t used = 0;
    bool is_passed_on = false;
    while (read_more(output, ended->output, OUTPUT_BYTES_MAX, &used)) {
        uint64_t memory_bytes = proc_memory_most(pid);
        if (memory_bytes > ended->memory_bytes)
            ended->memory_bytes = memory_bytes;
        // Ctrl-C at a terminal reaches it by itself.
        if (child_signal() != 0 && child_signal() != SIGINT && !is_passed_on)
            kill(pid, child_signal());
        is_passed_on = child_signal() != 0;
    }
}

bool bench_measure(const struct bench *bench, const struct bench_words *words,
                   struct bench_ended *ended)
{
    struct rusage usage;
    int output;
    *ended = (struct bench_ended){.output = calloc(1, OUTPUT_BYTES_MAX)};
    CHECK(ended->output != NULL);
    uint64_t begun_at_ns = clock_now_ns();
    pid_t pid = start(bench, words, &output);
    if (pid < 0) {
        free(ended->output);
        return false;
    }
    watch(pid, output, ended);
    close(output);
    ended->exit_code = child_wait_usage(pid, &usage);
    ended->took_ns = clock_now_ns() - begun_at_ns;
    ended->cpu_ns = time_ns(usage.ru_utime) + time_ns(usage.ru_stime);
    return true;
}

/* ---- the mock bank --------------------------------------------------------------------------- */

int bench_bank_start(const struct bench *bench, const struct bench_words *words,
                     struct bench_bank *bank)
{
    pid_t pid = start(bench, words, &bank->output);
    if (pid < 0)
        return JOB_TRY_AGAIN;
    bank->pid = pid;
    bank->port = child_read_port(bank->output, BANK_START_MS);
    if (bank->port > 0)
        return JOB_DONE;
    if (child_signal() != 0)
        return JOB_STOPPED;
    return job_fail(JOB_TRY_AGAIN, NULL, "the mock bank did not start");
}

/* From what it prints at its end. */
static uint64_t read_held(int output)
{
    char text[4096] = "";
    size_t used = 0;
    ssize_t got;
    while ((got = read(output, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    const char *at = strstr(text, HELD_LABEL);
    return at == NULL ? UINT64_MAX : strtoull(at + strlen(HELD_LABEL), NULL, 10);
}

uint64_t bench_bank_end(struct bench_bank *bank)
{
    if (bank->pid <= 0)
        return UINT64_MAX;
    kill(bank->pid, SIGTERM);
    uint64_t held_ns = read_held(bank->output);
    (void)child_wait(bank->pid);
    close(bank->output);
    bank->pid = 0;
    return held_ns;
}
