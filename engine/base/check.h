/*
 * check: assertions that stay on in production.
 *
 * CHECK states what the programmer knows. When it fails the process prints where, and aborts:
 * every start is a resume, so stopping loses nothing, and going on could pay twice.
 * CHECK_SLOW is for O(n) proofs; tests and the simulator build with it.
 */
#ifndef DAYBOOK_BASE_CHECK_H
#define DAYBOOK_BASE_CHECK_H

#define MUST_USE __attribute__((warn_unused_result))

_Noreturn void check_failed(const char *file, int line, const char *condition);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#ifdef DAYBOOK_CHECK_SLOW
#define CHECK_SLOW(condition) CHECK(condition)
#else
#define CHECK_SLOW(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
