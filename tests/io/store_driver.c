/*
 * store_driver CONNINFO PROFILE
 *
 * On a database with the schema applied; see store_test.sh.
 */
#include <stdio.h>

#include "store_cases.h"

struct world world;

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: store_driver CONNINFO PROFILE\n");
        return 64;
    }
    world_open(&world, argv[1], argv[2]);
    int failed = chunk_cases() + load_cases() + request_cases() + claim_cases() + schema_cases();
    world_close(&world);
    return failed == 0 ? 0 : 1;
}
