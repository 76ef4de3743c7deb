#include "jobs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/job.h"

static volatile sig_atomic_t child_noted;

static void note(int number)
{
    child_noted = number;
}

void child_catch_signals(void)
{
    // No SA_RESTART: waiting must notice.
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int child_signal(void)
{
    return child_noted;
}

static _Noreturn void become(char *const argv[], const int pipe_fds[2], pid_t parent)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    if (pipe_fds != NULL)
        dup2(pipe_fds[1], STDOUT_FILENO);
    execv("/proc/self/exe", argv);
    _exit(job_fail(JOB_INTERNAL, NULL, "could not start %s: %s", argv[1], strerror(errno)));
}

pid_t child_start(char *const argv[], int *output)
{
    int fds[2] = {-1, -1};
    pid_t parent = getpid();
    fflush(stdout);
    if (output != NULL && pipe2(fds, O_CLOEXEC) != 0) {
        job_fail(JOB_TRY_AGAIN, NULL, "no pipe: %s", strerror(errno));
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(argv, output != NULL ? fds : NULL, parent);
    if (output != NULL) {
        close(fds[1]);
        *output = fds[0];
    }
    if (pid < 0) {
        job_fail(JOB_TRY_AGAIN, NULL, "no process: %s", strerror(errno));
        if (output != NULL)
            close(fds[0]);
    }
    return pid;
}

int child_wait(pid_t pid)
{
    struct rusage unused;
    return child_wait_usage(pid, &unused);
}

int child_wait_usage(pid_t pid, struct rusage *usage)
{
    int status;
    bool passed_on = false;
    while (wait4(pid, &status, 0, usage) < 0) {
        if (errno != EINTR)
            return JOB_INTERNAL;
        // Ctrl-C at a terminal reaches the child by itself; a second one would end it at once.
        if (child_noted != 0 && child_noted != SIGINT && !passed_on)
            kill(pid, child_noted);
        passed_on = child_noted != 0;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

uint16_t child_read_port(int output, int within_ms)
{
    char line[256] = "";
    size_t used = 0;
    struct pollfd wait = {.fd = output, .events = POLLIN};
    while (used < sizeof line - 1 && strchr(line, '\n') == NULL) {
        if (poll(&wait, 1, within_ms) <= 0)
            break;
        ssize_t got = read(output, line + used, sizeof line - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        line[used] = '\0';
    }
    const char *colon = strrchr(line, ':');
    long port = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);
    return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

void child_end(pid_t pid)
{
    int status;
    kill(pid, SIGTERM);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
}
