#include "jobs/mockbank_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "mock/answer.h"

#define BUFFER_BYTES (1U << 20)
#define LINE_BYTES_MAX (5 * MOCK_REQUEST_MAX) /* every byte of a request escaped, and the rest */
#define COLUMNS_MAX 18

struct mockbank_log {
    int fd;
    bool is_failed;
    char *file;
    size_t used;
    char buffer[BUFFER_BYTES];
};

struct mockbank_log *mockbank_log_open(const char *file, char error[MOCKBANK_ERROR_BYTES])
{
    struct mockbank_log *log = calloc(1, sizeof *log);
    CHECK(log != NULL);
    log->file = strdup(file);
    CHECK(log->file != NULL);
    log->fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log->fd >= 0)
        return log;
    snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: %s", file, strerror(errno));
    mockbank_log_close(log);
    return NULL;
}

void mockbank_log_close(struct mockbank_log *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        close(log->fd);
    free(log->file);
    free(log);
}

/* ---- write ---- */

static void put(struct mockbank_log *log, const char *bytes, size_t count)
{
    memcpy(log->buffer + log->used, bytes, count);
    log->used += count;
}

static void put_text(struct mockbank_log *log, const char *text)
{
    put(log, text, strlen(text));
}

static void put_number(struct mockbank_log *log, uint64_t number)
{
    char digits[21];
    char *at = digits + sizeof digits;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put(log, at, (size_t)(digits + sizeof digits - at));
}

static void put_tab(struct mockbank_log *log)
{
    log->buffer[log->used++] = '\t';
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c != 0x7f && c != '\\';
}

/* Are all eight plain? (The test may say no of plain ones, never yes of others.) */
static bool are_plain(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t backslash = word ^ ones * '\\', delete = word ^ ones * 0x7f;
    uint64_t low = (word - ones * 0x20) & ~word;
    return ((low | ((backslash - ones) & ~backslash) | ((delete - ones) & ~delete)) & tops) == 0;
}

/* Tabs, line ends, other controls and the backslash as \xHH; everything else as it came. */
static void put_escaped(struct mockbank_log *log, const char *bytes, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    size_t i = 0;
    for (uint64_t word; i + sizeof word <= count; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        if (!are_plain(word))
            break;
        put(log, bytes + i, sizeof word);
    }
    for (; i < count; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (is_plain(c)) {
            log->buffer[log->used++] = (char)c;
        } else {
            const char escape[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
            put(log, escape, sizeof escape);
        }
    }
}

/* The kind and the instant; there is room for one more line afterwards. */
static void begin(struct mockbank_log *log, const char *kind, uint64_t at_ns)
{
    if (log->used + LINE_BYTES_MAX > sizeof log->buffer && !mockbank_log_flush(log))
        log->used = 0; // the failure is kept, and the next flush tells it
    put_text(log, kind);
    put_tab(log);
    put_number(log, at_ns / NS_PER_US);
    put_tab(log);
}

static void end(struct mockbank_log *log)
{
    log->buffer[log->used++] = '\n';
}

void mockbank_log_start(struct mockbank_log *log, uint64_t now_ns,
                        const struct mockbank_accounts *accounts)
{
    int64_t total_minor = 0;
    for (uint32_t i = 0; i < accounts->account_count; i++)
        total_minor += accounts->accounts[i].balance_minor;
    begin(log, "start", now_ns);
    put_number(log, accounts->account_count);
    put_tab(log);
    put_number(log, (uint64_t)total_minor);
    end(log);
}

static const char *decision_word(enum mock_decision decision)
{
    switch (decision) {
    case MOCK_ANSWER:
        return "answer";
    case MOCK_RESET:
        return "reset";
    case MOCK_SILENCE:
        return "silence";
    }
    return "";
}

static const char *const effect_words[] = {
    [MOCK_EFFECT_NONE] = "-",          [MOCK_EFFECT_ACCEPTED] = "accepted",
    [MOCK_EFFECT_REFUSED] = "refused", [MOCK_EFFECT_FORGOTTEN] = "forgotten",
    [MOCK_EFFECT_LATE] = "late",       [MOCK_EFFECT_PENDING] = "pending",
    [MOCK_EFFECT_FAILING] = "failing",
};

static bool is_later(enum mock_effect effect)
{
    return effect == MOCK_EFFECT_LATE || effect == MOCK_EFFECT_PENDING ||
           effect == MOCK_EFFECT_FAILING;
}

/* An instant that is still to come: never before it, when read again. */
static void put_instant(struct mockbank_log *log, uint64_t at_ns)
{
    put_number(log, (at_ns + NS_PER_US - 1) / NS_PER_US);
}

/* The effect, its number, its code; the fee, and when the money goes back. */
static void put_effect(struct mockbank_log *log, const struct mock_reply *reply)
{
    put_text(log, effect_words[reply->effect]);
    put_tab(log);
    if (is_later(reply->effect))
        put_instant(log, reply->late_at_ns);
    else if (reply->effect != MOCK_EFFECT_NONE)
        put_number(log, reply->transfer_id);
    put_tab(log);
    put_text(log, answer_refusal_code(reply->refusal));
    put_tab(log);
    if (reply->fee_minor > 0)
        put_number(log, (uint64_t)reply->fee_minor);
    put_tab(log);
    if (reply->reverses_at_ns > 0)
        put_instant(log, reply->reverses_at_ns);
}

void mockbank_log_call(struct mockbank_log *log, uint64_t now_ns, uint64_t connection,
                       const struct mock_reply *reply)
{
    begin(log, "call", now_ns);
    put_number(log, connection);
    put_tab(log);
    put_text(log, reply->key);
    put_tab(log);
    put_text(log, reply->method);
    put(log, " ", 1);
    put_escaped(log, reply->path, reply->path_bytes);
    put_tab(log);
    put_text(log, decision_word(reply->decision));
    put_tab(log);
    put_number(log, reply->status);
    put_tab(log);
    put_text(log, reply->what);
    put_tab(log);
    put_text(log, reply->fault);
    put_tab(log);
    put_effect(log, reply);
    put_tab(log);
    put_escaped(log, reply->body, reply->body_bytes);
    end(log);
}

void mockbank_log_late(struct mockbank_log *log, const struct mock_transfer *transfer)
{
    begin(log, "late", transfer->done_at_ns);
    put_text(log, transfer->key);
    put_text(log, transfer->accepted ? "\taccepted\t" : "\trefused\t");
    put_number(log, transfer->id);
    put_tab(log);
    put_text(log, answer_refusal_code((enum mock_refusal)transfer->refusal));
    end(log);
}

void mockbank_log_reversal(struct mockbank_log *log, const struct mock_transfer *transfer)
{
    begin(log, "reversed", transfer->reversed_at_ns);
    put_text(log, transfer->key);
    put_tab(log);
    put_number(log, transfer->id);
    end(log);
}

void mockbank_log_deposit(struct mockbank_log *log, uint64_t now_ns, const char *account,
                          int64_t amount_minor)
{
    begin(log, "deposit", now_ns);
    put_text(log, account);
    put_tab(log);
    put_number(log, (uint64_t)amount_minor);
    end(log);
}

bool mockbank_log_flush(struct mockbank_log *log)
{
    size_t written = 0;
    while (!log->is_failed && written < log->used) {
        ssize_t wrote = write(log->fd, log->buffer + written, log->used - written);
        if (wrote >= 0)
            written += (size_t)wrote;
        else if (errno != EINTR)
            log->is_failed = true;
    }
    log->used = 0;
    return !log->is_failed;
}

/* ---- read again ---- */

struct line {
    char *columns[COLUMNS_MAX];
    uint32_t count;
};

/* Of a call; an effect has its number and its code after it, then the fee and the way back. */
enum call_column {
    CALL_KIND,
    CALL_AT,
    CALL_CONNECTION,
    CALL_KEY,
    CALL_PATH,
    CALL_DECISION,
    CALL_STATUS,
    CALL_WHAT,
    CALL_FAULT,
    CALL_EFFECT,
    CALL_NUMBER,
    CALL_CODE,
    CALL_FEE,
    CALL_REVERSES,
    CALL_BODY,
    CALL_COLUMNS,
};

enum late_column { LATE_EFFECT = 3, LATE_COLUMNS = 6 };

static bool read_number(const char *text, uint64_t most, uint64_t *number)
{
    char *rest;
    errno = 0;
    *number = strtoull(text, &rest, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *rest == 0 && *number <= most;
}

/* An instant in us, in ns. */
static bool read_instant(const char *text, uint64_t *at_ns)
{
    if (!read_number(text, UINT64_MAX / NS_PER_US - 1, at_ns))
        return false;
    *at_ns *= NS_PER_US;
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo put_escaped in place. */
static bool unescape(char *text, uint32_t *count)
{
    char *out = text;
    for (const char *at = text; *at != 0; at++) {
        if (*at != '\\') {
            *out++ = *at;
            continue;
        }
        if (at[1] != 'x' || hex_digit(at[2]) < 0 || hex_digit(at[3]) < 0)
            return false;
        *out++ = (char)(hex_digit(at[2]) << 4 | hex_digit(at[3]));
        at += 3;
    }
    *count = (uint32_t)(out - text);
    return true;
}

static bool read_effect(const struct line *line, uint32_t column, struct mock_restore *restore)
{
    const char *word = line->columns[column], *code = line->columns[column + 2];
    for (int i = MOCK_EFFECT_ACCEPTED; i <= MOCK_EFFECT_FAILING; i++)
        if (strcmp(word, effect_words[i]) == 0)
            restore->effect = (enum mock_effect)i;
    for (int i = MOCK_REFUSAL_NONE; i <= MOCK_REFUSAL_RETURNED; i++)
        if (strcmp(code, answer_refusal_code((enum mock_refusal)i)) == 0)
            restore->refusal = (enum mock_refusal)i;
    return restore->effect != MOCK_EFFECT_NONE &&
           (!is_later(restore->effect) ||
            read_instant(line->columns[column + 1], &restore->late_at_ns));
}

/* What an accepted transfer has besides; nothing where the columns are empty. */
static bool read_extras(const struct line *line, struct mock_restore *restore)
{
    const char *fee = line->columns[CALL_FEE], *reverses = line->columns[CALL_REVERSES];
    uint64_t fee_minor = 0;
    if (fee[0] != 0 && !read_number(fee, INT64_MAX, &fee_minor))
        return false;
    restore->fee_minor = (int64_t)fee_minor;
    return reverses[0] == 0 || read_instant(reverses, &restore->reverses_at_ns);
}

/* The transfer must get the number it had. */
static bool restore_effect(struct mock_bank *bank, const struct line *line, uint32_t column,
                           const struct mock_restore *restore)
{
    uint64_t id;
    if (!mock_bank_restore(bank, restore))
        return false;
    return is_later(restore->effect) || (read_number(line->columns[column + 1], UINT32_MAX, &id) &&
                                         id == mock_bank_transfer_count(bank));
}

static bool replay_call(struct mock_bank *bank, struct line *line, uint64_t at_ns)
{
    if (line->count != CALL_COLUMNS)
        return false;
    if (strcmp(line->columns[CALL_EFFECT], "-") == 0)
        return true;
    struct mock_restore restore = {
        .kind = strcmp(line->columns[CALL_PATH], "POST /payouts") == 0 ? MOCK_PAYOUT
                                                                       : MOCK_ACCOUNT_TRANSFER,
        .key = line->columns[CALL_KEY],
        .body = line->columns[CALL_BODY],
        .at_ns = at_ns,
    };
    return unescape(line->columns[CALL_BODY], &restore.body_bytes) &&
           read_effect(line, CALL_EFFECT, &restore) && read_extras(line, &restore) &&
           restore_effect(bank, line, CALL_EFFECT, &restore);
}

static bool replay_late(struct mock_bank *bank, const struct line *line, uint64_t at_ns)
{
    if (line->count != LATE_COLUMNS)
        return false;
    struct mock_restore restore = {.key = line->columns[2], .at_ns = at_ns};
    return read_effect(line, LATE_EFFECT, &restore) && !is_later(restore.effect) &&
           restore_effect(bank, line, LATE_EFFECT, &restore);
}

static bool replay_reversal(struct mock_bank *bank, const struct line *line, uint64_t at_ns)
{
    uint64_t id;
    return line->count == 4 && read_number(line->columns[3], UINT32_MAX, &id) &&
           mock_bank_restore_reversal(bank, id, at_ns);
}

static bool replay_deposit(struct mock_bank *bank, const struct line *line)
{
    uint64_t amount;
    return line->count == 4 && read_number(line->columns[3], INT64_MAX, &amount) &&
           mock_bank_deposit(bank, line->columns[2], (int64_t)amount);
}

/* The accounts must be those that the log began with. */
static bool replay_start(const struct line *line, const struct mock_bank *bank,
                         int64_t opening_minor)
{
    uint64_t count, total;
    return line->count == 4 && read_number(line->columns[2], UINT32_MAX, &count) &&
           read_number(line->columns[3], INT64_MAX, &total) &&
           count == mock_bank_account_count(bank) && (int64_t)total == opening_minor;
}

static int64_t money_in(const struct mock_bank *bank)
{
    int64_t total_minor = 0;
    for (uint32_t i = 0; i < mock_bank_account_count(bank); i++) {
        int64_t balance_minor;
        enum mock_account_state state;
        (void)mock_bank_account_at(bank, i, &balance_minor, &state);
        if (state != MOCK_ACCOUNT_POOLED) // its share lies in the pool
            total_minor += balance_minor;
    }
    return total_minor;
}

static bool split(char *text, struct line *line)
{
    line->count = 0;
    for (char *rest = text, *column; (column = strsep(&rest, "\t")) != NULL;) {
        if (line->count == COLUMNS_MAX)
            return false;
        line->columns[line->count++] = column;
    }
    return line->count >= 3;
}

static const char *replay_line(struct mock_bank *bank, char *text, struct mockbank_past *past,
                               int64_t opening_minor)
{
    struct line line;
    uint64_t at_ns;
    bool is_good;
    if (!split(text, &line) || !read_instant(line.columns[1], &at_ns))
        return "is not a line of a receipt log";
    if (at_ns > past->last_at_ns)
        past->last_at_ns = at_ns;
    if (strcmp(line.columns[0], "start") == 0)
        return replay_start(&line, bank, opening_minor) ? NULL
                                                        : "began with other accounts than these";
    if (strcmp(line.columns[0], "call") == 0) {
        is_good = replay_call(bank, &line, at_ns);
    } else if (strcmp(line.columns[0], "late") == 0) {
        is_good = replay_late(bank, &line, at_ns);
    } else if (strcmp(line.columns[0], "reversed") == 0) {
        is_good = replay_reversal(bank, &line, at_ns);
    } else {
        is_good = strcmp(line.columns[0], "deposit") == 0 && replay_deposit(bank, &line);
        past->deposits++;
    }
    return is_good ? NULL : "does not fit the book so far";
}

static FILE *open_again(const struct mockbank_log *log, char error[MOCKBANK_ERROR_BYTES])
{
    FILE *stream = fopen(log->file, "re");
    if (stream == NULL)
        snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: %s", log->file, strerror(errno));
    return stream;
}

bool mockbank_log_past(struct mockbank_log *log, struct mockbank_past *past,
                       char error[MOCKBANK_ERROR_BYTES])
{
    char *text = NULL;
    size_t capacity = 0;
    *past = (struct mockbank_past){0};
    FILE *stream = open_again(log, error);
    if (stream == NULL)
        return false;
    for (ssize_t bytes; (bytes = getline(&text, &capacity, stream)) > 0;) {
        if (strncmp(text, "start\t", 6) != 0 || text[bytes - 1] != '\n')
            continue;
        if (past->starts++ == 0)
            past->first_at_ns = strtoull(text + 6, NULL, 10) * NS_PER_US;
    }
    free(text);
    fclose(stream);
    return true;
}

/* A line that a kill cut short was told to no one. */
static bool cut_off(struct mockbank_log *log, off_t at, char error[MOCKBANK_ERROR_BYTES])
{
    if (ftruncate(log->fd, at) == 0)
        return true;
    snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s: %s", log->file, strerror(errno));
    return false;
}

bool mockbank_log_replay(struct mockbank_log *log, struct mock_bank *bank,
                         struct mockbank_past *past, char error[MOCKBANK_ERROR_BYTES])
{
    char *text = NULL;
    size_t capacity = 0;
    uint64_t number = 0;
    off_t whole = 0;
    bool is_good = true;
    int64_t opening_minor = money_in(bank);
    FILE *stream = open_again(log, error);
    if (stream == NULL)
        return false;
    for (ssize_t bytes; is_good && (bytes = getline(&text, &capacity, stream)) > 0;) {
        number++;
        if (text[bytes - 1] != '\n') {
            is_good = cut_off(log, whole, error);
            break;
        }
        whole += bytes;
        text[bytes - 1] = 0;
        const char *wrong = replay_line(bank, text, past, opening_minor);
        if (wrong != NULL)
            snprintf(error, MOCKBANK_ERROR_BYTES, "%.200s:%" PRIu64 ": %s", log->file, number,
                     wrong);
        is_good = wrong == NULL;
    }
    free(text);
    fclose(stream);
    return is_good;
}
