/*
 * chunk_write: the store's chunks against raw COPY of the same rows; bench/chunk_write runs it.
 *
 *     chunk_write CONNINFO_OURS CONNINFO_RAW PROFILE ROUNDS CHUNKS SETTLEMENTS
 *
 * Two databases with the schema applied. A round is a fresh batch in each, with the same numbers
 * and so the same rows: CHUNKS chunks, each of which carries SETTLEMENTS settlements through their
 * first moment, as many through their second, as many through their last (those of the two chunks
 * before). Each chunk is written to both, first to one and then to the other, in turn.
 *
 *   ours   store_chunk: chain hash, encoding, body digests, advance(), as in a run
 *   raw    rows encoded beforehand; BEGIN, the head's compare-and-set, COPY three times, COMMIT
 *
 * Prints a line a round and side: round, side, settlements, rows, wall us, Postgres us (all its
 * processes), client us. Round 0 is the warm-up.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "base/time.h"
#include "core/limits.h"
#include "real/clock.h"
#include "real/store_copy.h"
#include "store_world.h"

#define RECORDS_PER_SETTLEMENT 12U
#define SERVER_PIDS_MAX 64
#define MOMENTS 3U

enum side { SIDE_OURS, SIDE_RAW, SIDES };

static const char *const side_names[SIDES] = {"ours", "raw"};

struct figures {
    uint64_t wall_ns, server_ns, client_ns;
};

/* Rows of one table, as COPY takes them. */
struct encoded {
    uint8_t *bytes;
    size_t byte_count;
    uint32_t row_count;
};

struct bench {
    struct world worlds[SIDES];
    uint32_t settlements; /* of one moment in a chunk */
    uint32_t chunks;
    /* of the round */
    uint32_t batch_id;
    struct claim *claim;
    struct store *store;
    struct book *book;
    struct store_config raw_config;
    uint32_t *orders[MOMENTS]; /* positions within a group, shuffled */
    struct figures figures[SIDES];
    /* of the server that both databases are in */
    int server_pids[SERVER_PIDS_MAX];
    int server_pid_count;
};

static void begin_round(struct bench *bench);
static void end_round(struct bench *bench, uint32_t round);
static void fill_chunk(struct bench *bench, uint32_t number, struct prng *prng);
static void write_both(struct bench *bench, bool raw_first);
static void encode(const struct bench *bench, const struct chunk *chunk,
                   struct encoded encoded[STORE_TABLES]);
static void write_raw(struct bench *bench, const struct chunk *chunk,
                      const struct encoded encoded[STORE_TABLES]);
static struct figures now(const struct bench *bench);
static void add_since(struct figures *sum, struct figures from, struct figures to);
static uint32_t argument(const char *text, uint32_t least, uint32_t most);

int main(int argc, char **argv)
{
    static struct bench bench;
    struct prng prng;
    if (argc != 7) {
        fprintf(stderr, "usage: chunk_write OURS RAW PROFILE ROUNDS CHUNKS SETTLEMENTS\n");
        return 64;
    }
    world_open(&bench.worlds[SIDE_OURS], argv[1], argv[3]);
    world_open(&bench.worlds[SIDE_RAW], argv[2], argv[3]);
    uint32_t rounds = argument(argv[4], 1, 1000);
    bench.chunks = argument(argv[5], MOMENTS, 100000);
    bench.settlements = argument(argv[6], 1, CHUNK_RECORDS_MAX / RECORDS_PER_SETTLEMENT);
    for (uint32_t i = 0; i < MOMENTS; i++) {
        bench.orders[i] = calloc(bench.settlements, sizeof(uint32_t));
        CHECK(bench.orders[i]);
    }
    prng_init(&prng, 1);
    for (uint32_t round = 0; round <= rounds; round++) {
        begin_round(&bench);
        for (uint32_t number = 1; number <= bench.chunks; number++) {
            fill_chunk(&bench, number, &prng);
            write_both(&bench, (round + number) % 2 == 0);
        }
        end_round(&bench, round);
    }
    for (uint32_t i = 0; i < MOMENTS; i++) {
        free(bench.orders[i]);
    }
    world_close(&bench.worlds[SIDE_RAW]);
    world_close(&bench.worlds[SIDE_OURS]);
    return 0;
}

/* The server's processes but those of connections that only this program's bookkeeping uses. */
static void list_server(struct bench *bench)
{
    struct world *world = &bench->worlds[SIDE_OURS];
    PGresult *result = PQexec(world->admin, "SELECT pid FROM pg_stat_activity");
    CHECK(PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) < SERVER_PIDS_MAX);
    bench->server_pid_count = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        int pid = (int)strtol(PQgetvalue(result, i, 0), NULL, 10);
        if (pid != PQbackendPID(world->admin)) {
            bench->server_pids[bench->server_pid_count++] = pid;
        }
    }
    PQclear(result);
}

/* Both databases count their batches alike; a batch has no openings: chunks do not need them. */
static void begin_round(struct bench *bench)
{
    static uint32_t round;
    char cohort[32];
    snprintf(cohort, sizeof(cohort), "bench%" PRIu32, round++);
    struct world *ours = &bench->worlds[SIDE_OURS], *raw = &bench->worlds[SIDE_RAW];
    bench->batch_id = world_batch(ours, cohort, "2026-01-31", "bench", 1);
    CHECK(world_batch(raw, cohort, "2026-01-31", "bench", 1) == bench->batch_id);
    bench->claim = world_claim(ours, bench->batch_id);
    uint32_t epoch = claim_epoch(bench->claim);
    bench->store = world_store(ours, bench->batch_id, epoch);
    bench->book = book_open(ours, bench->batch_id, epoch);
    bench->raw_config = world_store_config(raw, bench->batch_id, epoch);
    world_do(raw, "INSERT INTO daybook.head (batch_id, epoch, partition) VALUES (%u, %u, 0)",
             bench->batch_id, epoch);
    // Statistics and the like must not fall into one side's time.
    world_do(ours, "CHECKPOINT");
    list_server(bench);
    memset(bench->figures, 0, sizeof(bench->figures));
}

static void end_round(struct bench *bench, uint32_t round)
{
    static const char *const tables[] = {"intent", "outcome", "entry"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        int64_t counts[SIDES];
        for (int side = 0; side < SIDES; side++) {
            counts[side] =
                world_ask_number(&bench->worlds[side],
                                 "SELECT count(*) FROM daybook.%s WHERE settlement_id >> 32 = %u",
                                 tables[i], bench->batch_id);
        }
        CHECK(counts[SIDE_OURS] == counts[SIDE_RAW] && counts[SIDE_OURS] > 0);
    }
    // The first two chunks have no settlement's last moment yet, and the last two no new ones.
    uint32_t settlements = (bench->chunks - MOMENTS + 1) * bench->settlements;
    for (int side = 0; side < SIDES; side++) {
        const struct figures *figures = &bench->figures[side];
        printf("%" PRIu32 " %s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
               round, side_names[side], settlements, settlements * RECORDS_PER_SETTLEMENT,
               figures->wall_ns / NS_PER_US, figures->server_ns / NS_PER_US,
               figures->client_ns / NS_PER_US);
    }
    (void)fflush(stdout);
    book_close(bench->book);
    store_close(bench->store);
    claim_close(bench->claim);
}

static void shuffle(uint32_t *order, uint32_t count, struct prng *prng)
{
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count - 1; i > 0; i--) {
        uint32_t other = (uint32_t)prng_below(prng, i + 1);
        uint32_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* Group n's first moment beside group n-1's second and group n-2's last, each in its own order. */
static void fill_chunk(struct bench *bench, uint32_t number, struct prng *prng)
{
    static void (*const moments[MOMENTS])(struct book *, uint32_t) = {book_deposit, book_collect,
                                                                      book_payout};
    uint32_t groups = bench->chunks - MOMENTS + 1;
    for (uint32_t i = 0; i < MOMENTS; i++) {
        shuffle(bench->orders[i], bench->settlements, prng);
    }
    for (uint32_t n = 0; n < bench->settlements; n++) {
        for (uint32_t i = 0; i < MOMENTS; i++) {
            uint32_t group = number - i; // from 1
            if (number > i && group <= groups) {
                moments[i](bench->book, (group - 1) * bench->settlements + bench->orders[i][n] + 1);
            }
        }
    }
}

/* The chunk's hash is the core's work, and counts as ours. */
static void write_ours(struct bench *bench)
{
    struct figures from = now(bench);
    CHECK(world_write(bench->store, book_chunk(bench->book)) == STATUS_OK);
    add_since(&bench->figures[SIDE_OURS], from, now(bench));
}

static void write_both(struct bench *bench, bool raw_first)
{
    struct encoded encoded[STORE_TABLES];
    // Encoded from the records themselves: what both write cannot differ.
    struct chunk chunk = {.batch_id = bench->batch_id,
                          .number = bench->book->chunk.number + 1,
                          .records = bench->book->records,
                          .record_count = bench->book->record_count};
    encode(bench, &chunk, encoded);
    if (!raw_first) {
        write_ours(bench);
    }
    struct figures from = now(bench);
    write_raw(bench, &chunk, encoded);
    add_since(&bench->figures[SIDE_RAW], from, now(bench));
    if (raw_first) {
        write_ours(bench);
    }
    for (uint32_t i = 0; i < STORE_TABLES; i++) {
        free(encoded[i].bytes);
    }
}

static void encode(const struct bench *bench, const struct chunk *chunk,
                   struct encoded encoded[STORE_TABLES])
{
    uint32_t counts[STORE_TABLES];
    store_copy_count(chunk, counts);
    for (uint32_t i = 0; i < STORE_TABLES; i++) {
        struct store_copy copy;
        size_t room = 0, piece = 0;
        encoded[i] = (struct encoded){.row_count = counts[i]};
        store_copy_begin(&copy, &bench->raw_config, chunk, (enum record_kind)(i + 1), counts[i]);
        do {
            room += STORE_PIECE_BYTES;
            encoded[i].bytes = realloc(encoded[i].bytes, room);
            CHECK(encoded[i].bytes);
            piece = store_copy_piece(&copy, encoded[i].bytes + encoded[i].byte_count);
            encoded[i].byte_count += piece;
        } while (piece > 0);
    }
}

static void ask(PGconn *conn, const char *sql, ExecStatusType expected)
{
    PGresult *result = PQexec(conn, sql);
    if (PQresultStatus(result) != expected) {
        fprintf(stderr, "%s\n%s", sql, PQerrorMessage(conn));
        abort();
    }
    PQclear(result);
}

/* In pieces, so that the server works while more is sent. */
static void put_rows(PGconn *conn, const struct encoded *encoded)
{
    for (size_t at = 0; at < encoded->byte_count; at += STORE_PIECE_BYTES) {
        size_t left = encoded->byte_count - at;
        int bytes = (int)(left < STORE_PIECE_BYTES ? left : STORE_PIECE_BYTES);
        CHECK(PQputCopyData(conn, (const char *)encoded->bytes + at, bytes) == 1);
    }
    CHECK(PQputCopyEnd(conn, NULL) == 1);
}

static void write_raw(struct bench *bench, const struct chunk *chunk,
                      const struct encoded encoded[STORE_TABLES])
{
    PGconn *conn = bench->worlds[SIDE_RAW].admin;
    char head[256];
    snprintf(head, sizeof(head),
             "UPDATE daybook.head SET chunk = %" PRIu32 " WHERE batch_id = %" PRIu32
             " AND partition = 0 AND chunk = %" PRIu32,
             chunk->number, chunk->batch_id, chunk->number - 1);
    ask(conn, "BEGIN", PGRES_COMMAND_OK);
    PGresult *result = PQexec(conn, head);
    CHECK(strcmp(PQcmdTuples(result), "1") == 0);
    PQclear(result);
    for (uint32_t i = 0; i < STORE_TABLES; i++) {
        if (encoded[i].row_count == 0) {
            continue;
        }
        ask(conn, store_copy_sql((enum record_kind)(i + 1)), PGRES_COPY_IN);
        put_rows(conn, &encoded[i]);
        while ((result = PQgetResult(conn)) != NULL) {
            CHECK(PQresultStatus(result) == PGRES_COMMAND_OK);
            PQclear(result);
        }
    }
    ask(conn, "COMMIT", PGRES_COMMAND_OK);
}

/* Time on a processor, in ns; 0 where the process is gone. */
static uint64_t process_cpu_ns(int pid)
{
    char path[64];
    uint64_t ns = 0;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        char line[128];
        if (fgets(line, sizeof(line), file) != NULL) {
            ns = strtoull(line, NULL, 10);
        }
        (void)fclose(file);
    }
    return ns;
}

static struct figures now(const struct bench *bench)
{
    struct timespec own;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own) == 0);
    struct figures figures = {.wall_ns = clock_now_ns(),
                              .client_ns = (uint64_t)own.tv_sec * NS_PER_S + (uint64_t)own.tv_nsec};
    for (int i = 0; i < bench->server_pid_count; i++) {
        figures.server_ns += process_cpu_ns(bench->server_pids[i]);
    }
    return figures;
}

static void add_since(struct figures *sum, struct figures from, struct figures to)
{
    sum->wall_ns += to.wall_ns - from.wall_ns;
    sum->server_ns += to.server_ns - from.server_ns;
    sum->client_ns += to.client_ns - from.client_ns;
}

static uint32_t argument(const char *text, uint32_t least, uint32_t most)
{
    char *rest;
    unsigned long value = strtoul(text, &rest, 10);
    if (*text < '0' || *text > '9' || *rest != 0 || value < least || value > most) {
        fprintf(stderr, "chunk_write: %s: not a number from %" PRIu32 " to %" PRIu32 "\n", text,
                least, most);
        exit(64);
    }
    return (uint32_t)value;
}
