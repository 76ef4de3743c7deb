/*
 * aborts: a broken contract must stop the process. assert_aborts(f) runs f in a child of its own
 * and fails unless that child ends by SIGABRT. Include after cmocka.h.
 */
#ifndef DAYBOOK_TESTS_ABORTS_H
#define DAYBOOK_TESTS_ABORTS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool aborts(void (*call)(void))
{
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        close(STDERR_FILENO);
        signal(SIGABRT,
               SIG_DFL); // a sanitizer's or the test library's handler would change the end
        call();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#define assert_aborts(call) assert_true(aborts(call))

#endif
