/*
 * lane: a payday through all that a lane does itself, without kernel, Postgres and bank.
 *
 *     bench_lane ACCOUNTS        prints what was done; exit 1 when not all is settled
 *
 * The core, the bank adapter and COPY's encoding are the real ones; the ring takes what it is asked
 * for at once, the store acknowledges at once, the bank answers as the mock bank does. Virtual
 * time, nothing drawn: the same instructions each time. All that is measured happens inside
 * functions named engine_*, which bench/lane counts by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "core/settle.h"
#include "real/bank.h"
#include "real/store_copy.h"

#define PROFILE DAYBOOK_SOURCE_DIR "/ops/banks/rest-idempotency-key.yaml"
#define CONNECTIONS 256U
#define TURN_NS (200 * NS_PER_US)
#define COMMANDS 256U
#define ACCOUNTS_MOST 100000U
#define REPAYMENT_MINOR 300
#define HOLD_MINOR 50
#define DEPOSIT_MINOR 1000
#define MEASURED __attribute__((noinline))

struct asked { /* of a connection, by its index */
    const char *request;
    size_t request_bytes;
    char *into; /* NULL: it does not listen */
    size_t into_bytes;
    struct ring_tag listening;
};

/* The kernel: completions are there as soon as something is asked for. */
struct ring {
    struct asked asked[CONNECTIONS];
    struct ring_done done[4 * CONNECTIONS];
    uint32_t done_count;
};

static struct bench {
    struct ring ring;
    struct bank *bank;
    struct profile *profile;
    struct hash *hash;
    struct settle *settle;
    struct store_config store;
    struct load_row *rows;
    uint32_t account_count;
    uint64_t now_ns;
    const struct chunk *chunk;
    struct store_load load;
    bool has_load;
    uint64_t copied_bytes;
    uint8_t piece[STORE_PIECE_BYTES];
} bench;

/* ---- the ring, as the bank adapter calls it ---- */

static void complete(struct ring *ring, struct ring_tag tag, int32_t result)
{
    CHECK(ring->done_count < sizeof(ring->done) / sizeof(ring->done[0]));
    ring->done[ring->done_count++] = (struct ring_done){.tag = tag, .result = result};
}

void ring_connect(struct ring *ring, int fd, const struct sockaddr *address, socklen_t bytes,
                  struct ring_tag tag)
{
    (void)fd;
    (void)address;
    (void)bytes;
    complete(ring, tag, 0);
}

void ring_send(struct ring *ring, int fd, const void *bytes, size_t byte_count, struct ring_tag tag)
{
    (void)fd;
    ring->asked[tag.index].request = bytes;
    ring->asked[tag.index].request_bytes = byte_count;
    complete(ring, tag, (int32_t)byte_count);
}

void ring_receive(struct ring *ring, int fd, void *into, size_t byte_count, struct ring_tag tag)
{
    (void)fd;
    struct asked *asked = &ring->asked[tag.index];
    asked->into = into;
    asked->into_bytes = byte_count;
    asked->listening = tag;
}

void ring_cancel(struct ring *ring, struct ring_tag target, struct ring_tag tag)
{
    struct asked *asked = &ring->asked[target.index];
    if (target.op == RING_RECEIVE && asked->into != NULL) {
        asked->into = NULL;
        complete(ring, target, 0);
    }
    complete(ring, tag, 0);
}

/* ---- the bank ---- */

/* What stands between `before` and the next `end`, behind `from`; "" where it is not. */
static const char *between(const char *from, const char *before, char end, char out[128])
{
    const char *at = strstr(from, before);
    size_t bytes = 0;
    for (at = at == NULL ? "" : at + strlen(before); at[bytes] != 0 && at[bytes] != end; bytes++)
        CHECK(bytes < 127);
    memcpy(out, at, bytes);
    out[bytes] = 0;
    return out;
}

static int answer_body(const char *request, char *body, size_t room)
{
    char account[128], other[128], amount[128], key[128];
    if (strncmp(request, "GET ", 4) == 0)
        return snprintf(body, room,
                        "{\"account_id\":\"%s\",\"current_balance\":%d,\"available_balance\":%d,"
                        "\"currency\":\"KRW\",\"type\":\"balance_lookup\"}",
                        between(request, "/accounts/", '/', account), DEPOSIT_MINOR, DEPOSIT_MINOR);
    bool is_payout = strncmp(request, "POST /v1/payouts", 16) == 0;
    const char *to = is_payout ? "destination_account_number" : "destination_account_id";
    return snprintf(body, room,
                    "{\"id\":\"tr_000000012345\",\"account_id\":\"%s\",\"%s\":\"%s\",\"amount\":%s,"
                    "\"currency\":\"KRW\",\"status\":\"complete\",\"idempotency_key\":\"%s\","
                    "\"type\":\"%s\"}",
                    between(request, "\"account_id\":\"", '"', account), to,
                    between(request,
                            is_payout ? "\"account_number\":\"" : "\"destination_account_id\":\"",
                            '"', other),
                    between(request, "\"amount\":", ',', amount),
                    between(request, "Idempotency-Key: ", '\r', key),
                    is_payout ? "payout" : "account_transfer");
}

static void answer(struct asked *asked)
{
    char request[REQUEST_BYTES_MAX + 1], body[1024];
    memcpy(request, asked->request, asked->request_bytes);
    request[asked->request_bytes] = 0;
    int body_bytes = answer_body(request, body, sizeof(body));
    CHECK(body_bytes > 0 && (size_t)body_bytes < sizeof(body));
    int bytes = snprintf(asked->into, asked->into_bytes,
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%s",
                         body_bytes, body);
    CHECK(bytes > 0 && (size_t)bytes < asked->into_bytes);
    complete(&bench.ring, asked->listening, bytes);
    asked->request = NULL;
    asked->into = NULL;
}

/* ---- what is measured ---- */

static MEASURED void engine_input(const struct event *events, uint32_t count)
{
    settle_input(bench.settle, events, count, bench.now_ns);
}

static MEASURED uint32_t engine_output(struct command *commands)
{
    return settle_output(bench.settle, commands, COMMANDS, bench.now_ns);
}

static MEASURED void engine_call(const struct bank_call *call)
{
    bank_call(bench.bank, call, bench.now_ns);
}

static MEASURED void engine_done(const struct ring_done *done)
{
    bank_on_done(bench.bank, done, bench.now_ns);
}

static MEASURED void engine_copy(const struct chunk *chunk)
{
    uint32_t counts[STORE_TABLES];
    store_copy_count(chunk, counts);
    for (uint32_t i = 0; i < STORE_TABLES; i++) {
        if (counts[i] == 0)
            continue;
        struct store_copy copy;
        size_t bytes;
        store_copy_begin(&copy, &bench.store, chunk, (enum record_kind)(i + 1), counts[i]);
        while ((bytes = store_copy_piece(&copy, bench.piece)) > 0)
            bench.copied_bytes += bytes;
    }
}

/* ---- the store ---- */

static struct store_time time_now(void)
{
    return (struct store_time){.db_now_us =
                                   INT64_C(1700000000000000) + (int64_t)(bench.now_ns / NS_PER_US),
                               .asked_at_ns = bench.now_ns};
}

static void answer_load(void)
{
    struct event event = {.kind = EVENT_STORE_LOADED, .time = time_now()};
    const struct store_load *load = &bench.load;
    uint32_t from = load->after_position, count = bench.account_count - from;
    bool is_fresh = load->scope == LOAD_FRESH;
    CHECK(load->scope != LOAD_AGAIN); // every balance shows the deposit
    if (count > load->row_max)
        count = load->row_max;
    event.store_loaded =
        (struct store_loaded){.scope = load->scope,
                              .status = STATUS_OK,
                              .at_end = !is_fresh || from + count == bench.account_count,
                              .rows = bench.rows + from,
                              .row_count = is_fresh ? count : 0};
    bench.has_load = false;
    engine_input(&event, 1);
}

static void answer_chunk(void)
{
    struct event event = {.kind = EVENT_STORE_WRITTEN, .time = time_now()};
    event.store_written =
        (struct store_written){.status = STATUS_OK, .number = bench.chunk->number};
    engine_copy(bench.chunk);
    bench.chunk = NULL;
    engine_input(&event, 1);
}

/* ---- turns ---- */

static void carry_out(const struct command *command)
{
    switch (command->kind) {
    case COMMAND_BANK_CALL:
        engine_call(&command->bank_call);
        return;
    case COMMAND_STORE_LOAD:
        bench.load = command->store_load;
        bench.has_load = true;
        return;
    case COMMAND_STORE_CHUNK:
        bench.chunk = command->store_chunk;
        return;
    case COMMAND_BANK_CANCEL:
        break;
    }
    CHECK(!"a bank that answers at once is never cancelled");
}

static void take_completions(void)
{
    struct ring *ring = &bench.ring;
    for (uint32_t i = 0; i < ring->done_count; i++)
        engine_done(&ring->done[i]);
    ring->done_count = 0;
    for (uint32_t i = 0; i < CONNECTIONS; i++)
        if (ring->asked[i].request != NULL && ring->asked[i].into != NULL)
            answer(&ring->asked[i]);
}

static void take_replies(void)
{
    uint32_t count;
    const struct event *replies = bank_replies(bench.bank, &count);
    if (count > 0)
        engine_input(replies, count);
    bank_replies_taken(bench.bank);
}

static void turn(void)
{
    struct command commands[COMMANDS];
    uint32_t count;
    bench.now_ns += TURN_NS;
    const struct event alive = {.kind = EVENT_STORE_ALIVE, .time = time_now()};
    if (bench.now_ns / NS_PER_S != (bench.now_ns - TURN_NS) / NS_PER_S)
        engine_input(&alive, 1);
    else
        engine_input(NULL, 0);
    do {
        count = engine_output(commands);
        for (uint32_t i = 0; i < count; i++)
            carry_out(&commands[i]);
    } while (count == COMMANDS);
    if (bench.has_load)
        answer_load();
    if (bench.chunk != NULL)
        answer_chunk();
    take_completions();
    take_replies();
}

/* ---- begin and end ---- */

static void open_rows(void)
{
    bench.rows = calloc(bench.account_count, sizeof(*bench.rows));
    CHECK(bench.rows != NULL);
    for (uint32_t i = 0; i < bench.account_count; i++) {
        struct load_row *row = &bench.rows[i];
        *row = (struct load_row){.settlement_id = settlement_id(1, 0, i + 1),
                                 .mapping_id = i + 1,
                                 .repayment_minor = REPAYMENT_MINOR,
                                 .hold_minor = HOLD_MINOR,
                                 .expected_minor = DEPOSIT_MINOR,
                                 .seen_minor = -1};
        memcpy(row->key_seed.bytes, &i, sizeof(i));
        snprintf(row->parties.virtual_account, ACCOUNT_TEXT_MAX, "VA-%07u", i);
        snprintf(row->parties.payout_account, ACCOUNT_TEXT_MAX, "110-%07u", i);
        snprintf(row->parties.payout_bank, BANK_TEXT_MAX, "KB");
        snprintf(row->parties.holder_name, HOLDER_TEXT_MAX, "Holder %07u", i);
    }
}

static void open_bank(void)
{
    static const struct profile_site site = {.host = "127.0.0.1:9",
                                             .path_prefix = "/v1",
                                             .token = "token",
                                             .collection_account = "COLLECTION",
                                             .suspense_account = "",
                                             .currency = "KRW"};
    char error[PROFILE_ERROR_BYTES], ring_error[RING_ERROR_BYTES];
    bench.profile = profile_load(PROFILE, &site, error);
    bench.hash = hash_open();
    CHECK(bench.profile != NULL);
    bench.store = (struct store_config){.bank_count = 1, .hash = bench.hash};
    bench.store.banks[0] = (struct store_bank){.profile = bench.profile, .profile_id = 1};
    struct bank_peer peer = {.profile = bench.profile,
                             .connections_max = CONNECTIONS,
                             .linger_ns = NS_PER_S,
                             .call_timeout_ns = NS_PER_S};
    CHECK(address_resolve("127.0.0.1", 9, &peer.addresses, ring_error, sizeof(ring_error)));
    bench.bank = bank_open(&peer, 1, &bench.ring, 0, bench.hash);
    CHECK(bench.bank != NULL);
}

static void open_core(void)
{
    struct settle_config config = {.bank_count = 1,
                                   .slots = 4096,
                                   .chunk_records = 16000,
                                   .chunk_delay_ns = 200 * NS_PER_MS,
                                   .send_before_ns = 10 * NS_PER_S,
                                   .resolve_wait_ns = 10 * NS_PER_S,
                                   .drain_ns = 2 * NS_PER_S,
                                   .alive_ns = 5 * NS_PER_S,
                                   .retry_base_ns = 20 * NS_PER_MS,
                                   .retry_cap_ns = 200 * NS_PER_MS,
                                   .poll_tries = 3,
                                   .chunk_tries = 3,
                                   .closing = CLOSING_OFF,
                                   .deadline_at_ns = AT_NEVER,
                                   .seed = 1};
    config.banks[0] = *profile_rules(bench.profile);
    config.banks[0].rate_per_s = 1000000;
    config.banks[0].burst = 65536;
    config.banks[0].calls_max = CONNECTIONS;
    config.banks[0].linger_ns = NS_PER_S;
    const struct settle_start start = {
        .batch_id = 1, .epoch = 1, .accounts = bench.account_count, .time = time_now()};
    struct arena dry, arena;
    arena_init(&dry, NULL, 0);
    (void)settle_init(&dry, bench.hash, &config, &start, bench.now_ns);
    void *memory = aligned_alloc(64, (dry.used_bytes + 63) & ~(size_t)63);
    CHECK(memory != NULL);
    arena_init(&arena, memory, dry.used_bytes);
    bench.settle = settle_init(&arena, bench.hash, &config, &start, bench.now_ns);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long accounts = argc == 2 ? strtoul(argv[1], &end, 10) : 0;
    if (accounts == 0 || accounts > ACCOUNTS_MOST || *end != 0) {
        fprintf(stderr, "usage: %s ACCOUNTS (1 .. %u)\n", argv[0], ACCOUNTS_MOST);
        return 64;
    }
    bench.account_count = (uint32_t)accounts;
    bench.now_ns = NS_PER_S;
    open_rows();
    open_bank();
    open_core();
    uint64_t turns = 0;
    while (settle_phase(bench.settle) != SETTLE_DONE && ++turns < 100 * accounts + 100000)
        turn();
    const struct settle_counts *counts = settle_counts(bench.settle);
    struct digest head;
    printf("settled %llu of %lu, %u chunks, %llu bytes to copy, %llu turns\n",
           (unsigned long long)counts->settled, accounts, settle_head(bench.settle, &head),
           (unsigned long long)bench.copied_bytes, (unsigned long long)turns);
    return counts->settled == accounts ? 0 : 1;
}
