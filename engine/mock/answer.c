#include "mock/answer.h"

#include <string.h>

#include "base/check.h"
#include "base/time.h"

#define HEAD_MAX 320 /* bytes of a head as it should be */
#define BODY_MAX 704 /* … of a body that is no page */
#define PLAIN_MAX (HEAD_MAX + ANSWER_PAGE_BYTES)

_Static_assert(PLAIN_MAX + 20480 <= MOCK_ANSWER_MAX, "framing has room to add");

struct text {
    char *at;
    const char *end;
};

/* Inline: the length of a literal is then known to the compiler. */
static inline __attribute__((always_inline)) void put(struct text *text, const char *piece)
{
    size_t count = strlen(piece);
    CHECK(count <= (size_t)(text->end - text->at));
    memcpy(text->at, piece, count);
    text->at += count;
}

static void put_number(struct text *text, uint64_t number)
{
    char digits[21];
    char *at = digits + sizeof digits - 1;
    *at = 0;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(text, at);
}

/* "name":"value" with what goes before it. */
static void put_field(struct text *text, const char *name, const char *value)
{
    put(text, name);
    put(text, "\"");
    put(text, value);
    put(text, "\"");
}

static const char *status_line(uint16_t status)
{
    switch (status) {
    case 200:
        return "HTTP/1.1 200 OK\r\n";
    case 202:
        return "HTTP/1.1 202 Accepted\r\n";
    case 400:
        return "HTTP/1.1 400 Bad Request\r\n";
    case 401:
        return "HTTP/1.1 401 Unauthorized\r\n";
    case 403:
        return "HTTP/1.1 403 Forbidden\r\n";
    case 404:
        return "HTTP/1.1 404 Not Found\r\n";
    case 409:
        return "HTTP/1.1 409 Conflict\r\n";
    case 429:
        return "HTTP/1.1 429 Too Many Requests\r\n";
    case 504:
        return "HTTP/1.1 504 Gateway Timeout\r\n";
    default:
        CHECK(status == 500);
        return "HTTP/1.1 500 Internal Server Error\r\n";
    }
}

struct body {
    struct text text;
    char bytes[BODY_MAX];
};

static void body_begin(struct body *body)
{
    body->text = (struct text){body->bytes, body->bytes + sizeof body->bytes};
}

static void finish_bytes(struct mock_reply *reply, uint16_t status, const char *headers,
                         const char *body, size_t body_bytes)
{
    struct text text = {reply->answer, reply->answer + PLAIN_MAX};
    put(&text, status_line(status));
    put(&text, "Content-Type: application/json\r\nContent-Length: ");
    put_number(&text, body_bytes);
    put(&text, "\r\n");
    put(&text, headers);
    put(&text, reply->close_after ? "Connection: close\r\n\r\n" : "\r\n");
    CHECK(body_bytes <= (size_t)(text.end - text.at));
    memcpy(text.at, body, body_bytes);
    reply->decision = MOCK_ANSWER;
    reply->status = status;
    reply->bytes = (uint32_t)(text.at + body_bytes - reply->answer);
}

static void finish(struct mock_reply *reply, uint16_t status, const char *headers,
                   const struct body *body)
{
    finish_bytes(reply, status, headers, body->bytes, (size_t)(body->text.at - body->bytes));
}

static const char *replayed_header(bool is_replayed)
{
    return is_replayed ? "Idempotent-Replayed: true\r\n" : "";
}

void answer_balance(struct mock_reply *reply, const char *account, int64_t balance_minor,
                    const char *currency)
{
    struct body body;
    body_begin(&body);
    put_field(&body.text, "{\"account_id\":", account);
    put(&body.text, ",\"current_balance\":");
    put_number(&body.text, (uint64_t)balance_minor);
    put(&body.text, ",\"available_balance\":");
    put_number(&body.text, (uint64_t)balance_minor);
    put_field(&body.text, ",\"currency\":", currency);
    put(&body.text, ",\"type\":\"balance_lookup\"}");
    finish(reply, 200, "", &body);
}

void answer_share(struct mock_reply *reply, const char *account, int64_t share_minor,
                  int64_t received_minor, const char *currency)
{
    struct body body;
    body_begin(&body);
    put_field(&body.text, "{\"account_id\":", account);
    put(&body.text, share_minor < 0 ? ",\"available_balance\":-" : ",\"available_balance\":");
    put_number(&body.text, (uint64_t)(share_minor < 0 ? -share_minor : share_minor));
    put(&body.text, ",\"received_total\":");
    put_number(&body.text, (uint64_t)received_minor);
    put_field(&body.text, ",\"currency\":", currency);
    put(&body.text, ",\"type\":\"pooled_balance_lookup\"}");
    finish(reply, 200, "", &body);
}

static const char *status_word(const struct mock_transfer *transfer)
{
    return transfer->id == 0 ? "pending_submission" : transfer->accepted ? "complete" : "rejected";
}

static void put_transfer(struct text *text, const struct told *told)
{
    const struct mock_transfer *transfer = told->transfer;
    bool is_payout = transfer->kind == MOCK_PAYOUT;
    put(text, transfer->id == 0 ? "{\"id\":\"pr_" : "{\"id\":\"tr_");
    put_number(text, transfer->id == 0 ? told->pending : transfer->id);
    put_field(text, "\",\"account_id\":", transfer->from);
    put_field(text, is_payout ? ",\"destination_account_number\":" : ",\"destination_account_id\":",
              transfer->to);
    put(text, ",\"amount\":");
    put_number(text, (uint64_t)transfer->amount_minor);
    put_field(text, ",\"currency\":", told->currency);
    put_field(text, ",\"status\":", status_word(transfer));
    if (transfer->fee_minor > 0) {
        put(text, ",\"fee\":");
        put_number(text, (uint64_t)transfer->fee_minor);
    }
    if (transfer->id > 0 && !transfer->accepted)
        put_field(text,
                  ",\"failure_code\":", answer_refusal_code((enum mock_refusal)transfer->refusal));
    put_field(text, ",\"idempotency_key\":", transfer->key);
    put_field(text, ",\"type\":", is_payout ? "payout" : "account_transfer");
    put(text, "}");
}

void answer_transfer(struct mock_reply *reply, const struct told *told, bool is_replayed)
{
    struct body body;
    body_begin(&body);
    put_transfer(&body.text, told);
    finish(reply, told->transfer->id == 0 ? 202 : 200, replayed_header(is_replayed), &body);
}

void answer_list(struct mock_reply *reply, const struct told *told)
{
    struct body body;
    body_begin(&body);
    put(&body.text, "{\"data\":[");
    if (told->transfer != NULL)
        put_transfer(&body.text, told);
    put(&body.text, "],\"next_cursor\":null}");
    finish(reply, 200, "", &body);
}

static struct text page_text(struct answer_page *page)
{
    return (struct text){page->body + page->bytes, page->body + sizeof page->body};
}

void answer_page_begin(struct answer_page *page)
{
    page->count = page->bytes = 0;
    struct text text = page_text(page);
    put(&text, "{\"data\":[");
    page->bytes = (uint32_t)(text.at - page->body);
}

void answer_page_add(struct answer_page *page, const struct told *told)
{
    struct text text = page_text(page);
    put(&text, page->count++ > 0 ? "," : "");
    put_transfer(&text, told);
    page->bytes = (uint32_t)(text.at - page->body);
}

void answer_page_end(struct mock_reply *reply, struct answer_page *page, const char *next)
{
    struct text text = page_text(page);
    if (next[0] != 0)
        put_field(&text, "],\"next_cursor\":", next);
    else
        put(&text, "],\"next_cursor\":null");
    put(&text, "}");
    finish_bytes(reply, 200, "", page->body, (size_t)(text.at - page->body));
}

static void put_error(struct text *text, const char *type, const char *code, const char *title,
                      const char *detail, uint16_t status)
{
    put_field(text, "{\"type\":", type);
    if (code[0] != 0)
        put_field(text, ",\"code\":", code);
    put_field(text, ",\"title\":", title);
    put_field(text, ",\"detail\":", detail);
    put(text, ",\"status\":");
    put_number(text, status);
}

const char *answer_refusal_code(enum mock_refusal refusal)
{
    switch (refusal) {
    case MOCK_REFUSAL_STOPPED:
        return "account_stopped";
    case MOCK_REFUSAL_CLOSED:
        return "account_closed";
    case MOCK_REFUSAL_FUNDS:
        return "insufficient_funds";
    case MOCK_REFUSAL_FAILED:
        return "processing_failed";
    case MOCK_REFUSAL_RETURNED:
        return "returned";
    case MOCK_REFUSAL_NONE:
        break;
    }
    return "";
}

static const char *refusal_detail(enum mock_refusal refusal)
{
    switch (refusal) {
    case MOCK_REFUSAL_STOPPED:
        return "An account of this transfer is stopped.";
    case MOCK_REFUSAL_CLOSED:
        return "An account of this transfer is closed.";
    case MOCK_REFUSAL_FUNDS:
        return "The balance is below the amount.";
    case MOCK_REFUSAL_FAILED:
        return "The transfer failed while it was processed.";
    case MOCK_REFUSAL_RETURNED:
        return "The transfer came back.";
    case MOCK_REFUSAL_NONE:
        break;
    }
    return "";
}

void answer_refused(struct mock_reply *reply, enum mock_refusal refusal, bool is_replayed)
{
    struct body body;
    body_begin(&body);
    put_error(&body.text, "invalid_operation_error", answer_refusal_code(refusal),
              "The transfer is refused.", refusal_detail(refusal), 409);
    put(&body.text, "}");
    finish(reply, 409, replayed_header(is_replayed), &body);
}

void answer_forbidden(struct mock_reply *reply)
{
    answer_error(reply, 403, "insufficient_permissions_error", "This is not allowed now.");
}

void answer_key_used(struct mock_reply *reply, uint64_t transfer_id)
{
    struct body body;
    body_begin(&body);
    put_error(&body.text, "idempotency_key_already_used_error", "", "The key is already used.",
              "Another request was made under this Idempotency-Key.", 409);
    if (transfer_id > 0) {
        put(&body.text, ",\"resource_id\":\"tr_");
        put_number(&body.text, transfer_id);
        put(&body.text, "\"");
    }
    put(&body.text, "}");
    finish(reply, 409, "", &body);
}

void answer_too_many(struct mock_reply *reply, uint64_t wait_ns)
{
    struct body body;
    char header[48];
    uint64_t wait_s = wait_ns == 0 ? 1 : (wait_ns + NS_PER_S - 1) / NS_PER_S;
    body_begin(&body);
    put_error(&body.text, "rate_limited_error", "", "Too many requests.",
              "Slow down, and ask again later.", 429);
    put(&body.text, ",\"retry_after\":");
    put_number(&body.text, wait_s);
    put(&body.text, "}");
    struct text text = {header, header + sizeof header - 1};
    put(&text, "Retry-After: ");
    put_number(&text, wait_s);
    put(&text, "\r\n");
    *text.at = 0;
    finish(reply, 429, header, &body);
}

static const char *error_title(uint16_t status)
{
    return status >= 500 ? "The bank failed." : "The request is refused.";
}

void answer_error(struct mock_reply *reply, uint16_t status, const char *type, const char *detail)
{
    struct body body;
    body_begin(&body);
    put_error(&body.text, type, "", error_title(status), detail, status);
    put(&body.text, "}");
    finish(reply, status, "", &body);
}
