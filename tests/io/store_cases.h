/* store_cases: the groups of tests of store_driver; each returns how many failed. */
#ifndef DAYBOOK_TESTS_STORE_CASES_H
#define DAYBOOK_TESTS_STORE_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_world.h"

extern struct world world;

int chunk_cases(void);
int load_cases(void);
int request_cases(void);
int claim_cases(void);
int schema_cases(void);

#endif
