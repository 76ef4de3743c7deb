#include "real/store_chunk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/failpoint.h"
#include "base/hex.h"

#define STATEMENT_BYTES 2048

enum progress { PROGRESS_WAITS, PROGRESS_MOVED, PROGRESS_DONE, PROGRESS_LOST };

/* Numbers and hex of our own making only: nothing that came from outside stands in the text. */
static void render(const struct store_chunk *session, char out[STATEMENT_BYTES])
{
    const struct chunk *chunk = session->chunk;
    char prev[2 * DIGEST_BYTES + 1], hash[2 * DIGEST_BYTES + 1];
    hex_write(prev, chunk->prev_hash.bytes, DIGEST_BYTES);
    hex_write(hash, chunk->hash.bytes, DIGEST_BYTES);
    int used = snprintf(out, STATEMENT_BYTES,
                        "BEGIN ISOLATION LEVEL READ COMMITTED;"
                        "SELECT (1000000 * extract(epoch FROM daybook.advance(%" PRIu32 ", %" PRIu32
                        ", %" PRIu32 ", %" PRIu32 ", '\\x%s', '\\x%s', %" PRIu32 ", %" PRIu32
                        ", %" PRId64 ")))::bigint;",
                        chunk->batch_id, chunk->partition, chunk->epoch, chunk->number, prev, hash,
                        chunk->record_count, chunk->entry_count, chunk->debit_total_minor);
    for (uint32_t i = 0; i < STORE_TABLES; i++)
        if (session->counts[i] > 0)
            used += snprintf(out + used, (size_t)(STATEMENT_BYTES - used), "%s",
                             store_copy_sql((enum record_kind)(i + 1)));
    used += snprintf(out + used, (size_t)(STATEMENT_BYTES - used), "COMMIT");
    CHECK(used < STATEMENT_BYTES);
}

void store_chunk_begin(struct store_chunk *session, const struct chunk *chunk, uint64_t now_ns)
{
    CHECK(session->state == STORE_CHUNK_IDLE);
    CHECK(chunk->record_count > 0);
    session->chunk = chunk;
    session->committed = false;
    session->failure = STATUS_OK;
    session->table = 0;
    session->piece_bytes = 0;
    session->time = (struct store_time){.asked_at_ns = now_ns};
    store_copy_count(chunk, session->counts);
    CHECK(session->counts[RECORD_ENTRY - 1] == chunk->entry_count);
    char statement[STATEMENT_BYTES];
    render(session, statement);
    session->state = STORE_CHUNK_RESULTS;
    FAILPOINT(chunk_unsent);
    // A refusal shows as a lost connection at the next turn.
    (void)PQsendQuery(session->conn, statement);
}

static void fail(struct store_chunk *session, enum status status)
{
    if (session->failure == STATUS_OK)
        session->failure = status;
}

static enum progress copy_begin(struct store_chunk *session)
{
    do
        session->table++;
    while (session->table <= STORE_TABLES && session->counts[session->table - 1] == 0);
    CHECK(session->table <= STORE_TABLES);
    store_copy_begin(&session->copy, session->config, session->chunk,
                     (enum record_kind)session->table, session->counts[session->table - 1]);
    session->piece_bytes = 0;
    session->state = STORE_CHUNK_COPYING;
    return PROGRESS_MOVED;
}

/* Hand over one piece; wait where the socket takes no more, so that libpq's buffer stays small. */
static enum progress copy_turn(struct store_chunk *session)
{
    int flushed = PQflush(session->conn);
    if (flushed < 0)
        return PROGRESS_LOST;
    session->writable_wanted = flushed > 0;
    if (flushed > 0)
        return PROGRESS_WAITS;
    if (session->piece_bytes == 0)
        session->piece_bytes = store_copy_piece(&session->copy, session->piece);
    if (session->piece_bytes == 0)
        FAILPOINT(chunk_half);
    int taken =
        session->piece_bytes == 0
            ? PQputCopyEnd(session->conn, NULL)
            : PQputCopyData(session->conn, (const char *)session->piece, (int)session->piece_bytes);
    if (taken < 0)
        return PROGRESS_LOST;
    session->writable_wanted = taken == 0;
    if (taken == 0)
        return PROGRESS_WAITS;
    if (session->piece_bytes == 0)
        session->state = STORE_CHUNK_RESULTS;
    session->piece_bytes = 0;
    return PROGRESS_MOVED;
}

static void on_time(struct store_chunk *session, const PGresult *result)
{
    if (PQntuples(result) == 1 && PQnfields(result) == 1)
        session->time.db_now_us = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    else
        fail(session, STATUS_STORE_BROKEN);
}

static enum progress on_result(struct store_chunk *session, PGresult *result,
                               char error[PG_ERROR_BYTES])
{
    ExecStatusType kind = PQresultStatus(result);
    enum progress progress = PROGRESS_MOVED;
    if (kind == PGRES_COPY_IN) {
        progress = copy_begin(session);
    } else if (kind == PGRES_TUPLES_OK) {
        on_time(session, result);
    } else if (kind == PGRES_COMMAND_OK) {
        session->committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    } else {
        session->committed = false;
        fail(session, pg_result_status(session->conn, result, error));
    }
    PQclear(result);
    return progress;
}

/* The transaction's last result is in. */
static enum progress on_end(struct store_chunk *session, char error[PG_ERROR_BYTES])
{
    if (PQstatus(session->conn) == CONNECTION_BAD)
        return PROGRESS_LOST;
    if (session->state == STORE_CHUNK_RESULTS &&
        PQtransactionStatus(session->conn) != PQTRANS_IDLE) {
        fail(session, STATUS_STORE_BROKEN);
        session->state = STORE_CHUNK_UNDOING;
        return PQsendQuery(session->conn, "ROLLBACK") == 1 ? PROGRESS_MOVED : PROGRESS_LOST;
    }
    if (session->failure == STATUS_OK && !(session->committed && session->time.db_now_us > 0)) {
        snprintf(error, PG_ERROR_BYTES, "the transaction of chunk %" PRIu32 " ended without COMMIT",
                 session->chunk->number);
        session->failure = STATUS_STORE_BROKEN;
    }
    return PROGRESS_DONE;
}

static enum progress results_turn(struct store_chunk *session, char error[PG_ERROR_BYTES])
{
    int flushed = PQflush(session->conn);
    if (flushed < 0)
        return PROGRESS_LOST;
    session->writable_wanted = flushed > 0;
    if (PQisBusy(session->conn) && session->table > 0)
        FAILPOINT(chunk_sent);
    if (PQisBusy(session->conn))
        return PROGRESS_WAITS;
    PGresult *result = PQgetResult(session->conn);
    return result == NULL ? on_end(session, error) : on_result(session, result, error);
}

bool store_chunk_turn(struct store_chunk *session, enum status *status, char error[PG_ERROR_BYTES])
{
    CHECK(session->state != STORE_CHUNK_IDLE);
    enum progress progress = PROGRESS_MOVED;
    if (PQconsumeInput(session->conn) == 0)
        progress = PROGRESS_LOST;
    while (progress == PROGRESS_MOVED)
        progress = session->state == STORE_CHUNK_COPYING ? copy_turn(session)
                                                         : results_turn(session, error);
    if (progress == PROGRESS_WAITS)
        return false;
    if (progress == PROGRESS_LOST) {
        if (session->failure == STATUS_OK)
            pg_error_text(session->conn, NULL, error);
        session->failure = STATUS_STORE_LOST;
    }
    *status = session->failure;
    session->state = STORE_CHUNK_IDLE;
    session->writable_wanted = false;
    session->chunk = NULL;
    return true;
}

enum status store_chunk_give_up(struct store_chunk *session, char error[PG_ERROR_BYTES])
{
    CHECK(session->state != STORE_CHUNK_IDLE);
    snprintf(error, PG_ERROR_BYTES, "no answer to chunk %" PRIu32, session->chunk->number);
    pg_give_up(session->conn);
    session->state = STORE_CHUNK_IDLE;
    session->writable_wanted = false;
    session->chunk = NULL;
    return STATUS_STORE_LOST;
}
