/* store_bench: what writing settlements costs the engine's side and Postgres. */
#ifndef DAYBOOK_TESTS_STORE_BENCH_H
#define DAYBOOK_TESTS_STORE_BENCH_H

#include "store_world.h"

/* Opens and writes `settlements`, chunks of `chunk_records`; prints figures. */
void bench_run(struct world *world, uint32_t settlements, uint32_t chunk_records);

#endif
