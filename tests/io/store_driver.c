/*
 * store_driver CONNINFO PROFILE                              the tests
 * store_driver CONNINFO PROFILE bench SETTLEMENTS RECORDS    what writing costs
 *
 * On a database with the schema applied; see store_test.sh.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_bench.h"
#include "store_cases.h"

struct world world;

int main(int argc, char **argv)
{
    bool bench = argc == 6 && strcmp(argv[3], "bench") == 0;
    if (argc != 3 && !bench) {
        fprintf(stderr, "usage: store_driver CONNINFO PROFILE [bench SETTLEMENTS RECORDS]\n");
        return 64;
    }
    world_open(&world, argv[1], argv[2]);
    int failed = 0;
    if (bench)
        bench_run(&world, (uint32_t)strtoul(argv[4], NULL, 10),
                  (uint32_t)strtoul(argv[5], NULL, 10));
    else
        failed = chunk_cases() + load_cases() + request_cases() + claim_cases() + schema_cases();
    world_close(&world);
    return failed == 0 ? 0 : 1;
}
