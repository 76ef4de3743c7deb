/* store_driver CONNINFO PROFILE [bench SETTLEMENTS CHUNK_RECORDS]: see store_test.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_bench.h"
#include "store_world.h"

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: store_driver CONNINFO PROFILE [bench SETTLEMENTS RECORDS]\n");
        return 64;
    }
    struct world world;
    world_open(&world, argv[1], argv[2]);
    int failed = 0;
    if (argc == 6 && strcmp(argv[3], "bench") == 0)
        bench_run(&world, (uint32_t)strtoul(argv[4], NULL, 10),
                  (uint32_t)strtoul(argv[5], NULL, 10));
    world_close(&world);
    return failed == 0 ? 0 : 1;
}
