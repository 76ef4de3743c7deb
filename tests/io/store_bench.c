#include "store_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/time.h"
#include "core/limits.h"
#include "real/clock.h"

/* The user and system time of every process of the server but this program's admin session, in us:
 * /proc/PID/stat of the postmaster's children, by their parent. */
static uint64_t process_cpu_us(long pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    size_t length = fread(line, 1, sizeof(line) - 1, file);
    (void)fclose(file);
    line[length] = 0;
    const char *rest = strrchr(line, ')');
    unsigned long user = 0, kernel = 0;
    if (rest == NULL || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &kernel) != 2)
        return 0;
    return (user + kernel) * (uint64_t)US_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t server_cpu_us(struct world *world)
{
    uint64_t total = 0;
    PGresult *result = PQexec(world->admin, "SELECT pid FROM pg_stat_activity");
    for (int i = 0; i < PQntuples(result); i++)
        total += process_cpu_us(strtol(PQgetvalue(result, i, 0), NULL, 10));
    PQclear(result);
    return total;
}

static uint64_t own_cpu_us(void)
{
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0);
    return (uint64_t)((usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_S +
                      usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

struct mark {
    uint64_t wall_ns;
    uint64_t server_us;
    uint64_t own_us;
};

static struct mark mark_now(struct world *world)
{
    return (struct mark){clock_now_ns(), server_cpu_us(world), own_cpu_us()};
}

static void print_span(const char *what, struct mark from, struct mark to, uint32_t settlements)
{
    double s = (double)(to.wall_ns - from.wall_ns) / 1e9;
    printf("%-22s %8.0f settlements/s   Postgres %6.2f us   this program %6.2f us\n", what,
           settlements / s, (double)(to.server_us - from.server_us) / settlements,
           (double)(to.own_us - from.own_us) / settlements);
}

static void open_all(struct store *store)
{
    struct store_load load = {.scope = LOAD_FRESH, .row_max = LOAD_ROWS_MAX};
    for (;;) {
        struct event event = world_load(store, &load);
        CHECK(event.store_loaded.status == STATUS_OK);
        if (event.store_loaded.row_count > 0)
            load.after_position = settlement_position(
                event.store_loaded.rows[event.store_loaded.row_count - 1].settlement_id);
        if (event.store_loaded.at_end)
            return;
    }
}

static void under_way(struct store *store, const char *what)
{
    struct store_load load = {.scope = LOAD_UNDER_WAY, .row_max = LOAD_ROWS_MAX};
    uint64_t from_ns = clock_now_ns();
    struct event event = world_load(store, &load);
    CHECK(event.store_loaded.status == STATUS_OK);
    printf("%-22s %8.1f ms (%u rows)\n", what, (double)(clock_now_ns() - from_ns) / 1e6,
           event.store_loaded.row_count);
}

static void write_all(struct store *store, struct book *book, uint32_t settlements,
                      uint32_t chunk_records)
{
    for (uint32_t position = 1; position <= settlements; position++) {
        book_settle(book, position);
        if (book->record_count + 12 > chunk_records || position == settlements)
            CHECK(world_write(store, book_chunk(book)) == STATUS_OK);
    }
}

void bench_run(struct world *world, uint32_t settlements, uint32_t chunk_records)
{
    CHECK(chunk_records >= 12 && chunk_records <= BOOK_RECORDS_MAX);
    uint32_t batch = world_batch(world, "bench", "2026-01-31", "bench", settlements);
    struct claim *claim = world_claim(world, batch);
    struct store *store = world_store(world, batch, claim_epoch(claim));
    struct book *book = book_open(world, batch, claim_epoch(claim));
    printf("%u settlements, 2 intents, 5 outcomes, 5 entries and 1 opening each; chunks of %u "
           "records\n",
           settlements, chunk_records);
    under_way(store, "under way, none");
    struct mark start = mark_now(world);
    open_all(store);
    struct mark opened = mark_now(world);
    write_all(store, book, settlements, chunk_records);
    struct mark written = mark_now(world);
    print_span("pages and openings", start, opened, settlements);
    print_span("chunks", opened, written, settlements);
    under_way(store, "under way, all ended");
    uint64_t from_ns = clock_now_ns();
    open_all(store);
    printf("%-22s %8.1f ms\n", "fresh, all ended", (double)(clock_now_ns() - from_ns) / 1e6);
    printf("bytes per settlement: %s\n",
           world_ask(world,
                     "SELECT string_agg(c.relname || ' ' || pg_relation_size(c.oid) / %u, ', ' "
                     "ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = "
                     "c.relnamespace WHERE n.nspname = 'daybook' AND c.relname ~ "
                     "'^(intent|outcome|entry|opening|plan)(_pkey)?$'",
                     settlements));
    book_close(book);
    store_close(store);
    claim_close(claim);
}
