#include "jobs/reconcile_fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "jobs/job.h"
#include "real/clock.h"
#include "wire/http.h"

#define BODY_BYTES (4U << 20)
#define SCRATCH_BYTES ((size_t)64 << 20)
#define TRIES 4      /* of one page that does not come */
#define THROTTLES 60 /* … that the bank puts off */
#define WAIT_BASE_NS (NS_PER_S / 5)
#define WAIT_MOST_NS (60 * NS_PER_S)
#define PAGES_MAX 2000000U
#define WRONG_BYTES 256

struct fetch {
    const struct run_bank *bank;
    const struct list_span *span;
    struct bank_lines *lines;
    struct profile_scratch *scratch;
    CURL *curl;          /* NULL: not connected */
    uint64_t next_at_ns; /* when the next call is allowed */
    uint64_t until_ns;   /* of the call under way */
    uint32_t record;
    struct http_answer answer;
    char body[BODY_BYTES];
    char wrong[WRONG_BYTES]; /* why the newest call failed */
};

static void pause_until(uint64_t at_ns)
{
    uint64_t now_ns;
    while ((now_ns = clock_now_ns()) < at_ns) {
        uint64_t left_ns = at_ns - now_ns;
        const struct timespec wait = {.tv_sec = (time_t)(left_ns / NS_PER_S),
                                      .tv_nsec = (long)(left_ns % NS_PER_S)};
        nanosleep(&wait, NULL);
    }
}

static bool note(struct fetch *fetch, const char *wrong)
{
    snprintf(fetch->wrong, sizeof fetch->wrong, "%s", wrong);
    return false;
}

/* ---- the connection ---- */

static void disconnect(struct fetch *fetch)
{
    if (fetch->curl != NULL)
        curl_easy_cleanup(fetch->curl);
    fetch->curl = NULL;
}

static bool connect_to(struct fetch *fetch)
{
    const struct config_bank *config = fetch->bank->config;
    char url[CONFIG_HOST_MAX + 32];
    bool is_v6 = strchr(config->host, ':') != NULL;
    snprintf(url, sizeof url, "http://%s%s%s:%u/", is_v6 ? "[" : "", config->host, is_v6 ? "]" : "",
             config->port);
    fetch->curl = curl_easy_init();
    CHECK(fetch->curl != NULL);
    // Nothing of the environment decides where it goes.
    curl_easy_setopt(fetch->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(fetch->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(fetch->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(fetch->curl, CURLOPT_URL, url);
    curl_easy_setopt(fetch->curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(fetch->curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(fetch->bank->rules.call_timeout_ns / NS_PER_MS));
    CURLcode code = curl_easy_perform(fetch->curl);
    if (code == CURLE_OK)
        return true;
    disconnect(fetch);
    return note(fetch, curl_easy_strerror(code));
}

/* Until it can go on. False: too late. */
static bool wait_for(struct fetch *fetch, short events)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    uint64_t now_ns = clock_now_ns();
    if (curl_easy_getinfo(fetch->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD)
        return note(fetch, "the connection is gone");
    if (now_ns >= fetch->until_ns)
        return note(fetch, "no answer in time");
    struct pollfd ready = {.fd = fd, .events = events};
    (void)poll(&ready, 1, (int)((fetch->until_ns - now_ns) / NS_PER_MS) + 1);
    return true;
}

static bool send_all(struct fetch *fetch, const char *bytes, size_t byte_count)
{
    while (byte_count > 0) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(fetch->curl, bytes, byte_count, &sent);
        if (code == CURLE_AGAIN) {
            if (!wait_for(fetch, POLLOUT))
                return false;
            continue;
        }
        if (code != CURLE_OK)
            return note(fetch, curl_easy_strerror(code));
        bytes += sent;
        byte_count -= sent;
    }
    return true;
}

static bool receive_all(struct fetch *fetch)
{
    char bytes[16384];
    enum http_result result = HTTP_MORE;
    http_begin(&fetch->answer, fetch->body, sizeof fetch->body);
    while (result == HTTP_MORE) {
        size_t got = 0;
        CURLcode code = curl_easy_recv(fetch->curl, bytes, sizeof bytes, &got);
        if (code == CURLE_AGAIN) {
            if (!wait_for(fetch, POLLIN))
                return false;
            continue;
        }
        if (code != CURLE_OK)
            return note(fetch, curl_easy_strerror(code));
        result = got == 0 ? http_finish(&fetch->answer) : http_feed(&fetch->answer, bytes, got);
        if (got == 0 && result == HTTP_MORE)
            result = HTTP_BAD;
    }
    return result == HTTP_COMPLETE || note(fetch, "the answer is cut off, or is not HTTP");
}

/* One call, with its answer in *page; false: none came. */
static bool call(struct fetch *fetch, uint32_t list, const char *cursor, struct list_page *page)
{
    const struct profile *profile = fetch->bank->profile;
    char request[REQUEST_BYTES_MAX];
    struct rendered rendered = profile_render_list(profile, list, fetch->span, cursor, request);
    if (rendered.bytes == 0)
        return note(fetch, "the mark of the next page does not fit a request");
    uint64_t now_ns = clock_now_ns();
    fetch->until_ns = now_ns + fetch->bank->rules.call_timeout_ns;
    fetch->next_at_ns = now_ns + 2 * NS_PER_S / fetch->bank->rules.rate_per_s;
    bool is_good = (fetch->curl != NULL || connect_to(fetch)) &&
                   send_all(fetch, request, rendered.bytes) && receive_all(fetch);
    if (is_good)
        profile_read_page(profile, fetch->scratch, list, fetch->answer.status,
                          fetch->answer.retry_after_s, fetch->body, fetch->answer.body_bytes, page);
    if (!is_good || !fetch->answer.keep_alive)
        disconnect(fetch);
    return is_good;
}

/* ---- pages ---- */

/* JOB_DONE: it is there, or it is to be asked for again (*again). */
static int judge(struct fetch *fetch, const struct list_page *page, uint32_t *throttles,
                 bool *again)
{
    *again = false;
    switch (page->result) {
    case LIST_PAGE:
        return JOB_DONE;
    case LIST_THROTTLED:
        fetch->next_at_ns = clock_now_ns() + (page->retry_after_ns > WAIT_MOST_NS ? WAIT_MOST_NS
                                              : page->retry_after_ns > 0 ? page->retry_after_ns
                                                                         : NS_PER_S);
        *again = true;
        if (++*throttles <= THROTTLES)
            return JOB_DONE;
        return job_fail(JOB_TRY_AGAIN, "run the same command again, when less is going on",
                        "bank %s puts its list off again and again", fetch->bank->name);
    case LIST_REFUSED:
        if (fetch->answer.status >= 500) {
            *again = true;
            (void)note(fetch, "the bank fails");
            return JOB_DONE;
        }
        return job_fail(fetch->answer.status == 401 || fetch->answer.status == 403 ? JOB_DENIED
                                                                                   : JOB_BAD_CONFIG,
                        "does the profile's `list` fit this bank, and the token?",
                        "bank %s refuses to list its transfers: %u %s", fetch->bank->name,
                        fetch->answer.status, page->code);
    case LIST_BAD:
        return job_fail(JOB_BAD_INPUT, "does the profile's `list` fit this bank?",
                        "bank %s: what it answers is no page of a list: %s", fetch->bank->name,
                        page->code);
    }
    CHECK(false);
}

static int fetch_page(struct fetch *fetch, uint32_t list, const char *cursor,
                      struct list_page *page)
{
    uint32_t throttles = 0;
    for (uint32_t tries = 0; tries < TRIES;) {
        bool again = true;
        pause_until(fetch->next_at_ns);
        if (call(fetch, list, cursor, page)) {
            uint32_t before = throttles;
            int exit_code = judge(fetch, page, &throttles, &again);
            if (exit_code != JOB_DONE || !again)
                return exit_code;
            tries += throttles == before;
            continue;
        }
        uint64_t wait_ns = WAIT_BASE_NS << tries++;
        fetch->next_at_ns = clock_now_ns() + wait_ns;
    }
    return job_fail(JOB_UNREACHABLE, "check the network and the bank's `url`",
                    "bank %s does not give its list: %s", fetch->bank->name, fetch->wrong);
}

static enum line_outcome outcome_of(const struct list_item *item)
{
    return item->answer == ANSWER_ACCEPTED  ? LINE_ACCEPTED
           : item->answer == ANSWER_PENDING ? LINE_PENDING
                                            : LINE_REJECTED;
}

static int add_items(struct fetch *fetch, const struct list_page *page)
{
    for (uint32_t i = 0; i < page->item_count; i++) {
        struct list_item item;
        const char *wrong = profile_read_item(fetch->bank->profile, page, i, &item);
        const struct bank_said said = {.key = item.key,
                                       .has_key = item.has_key,
                                       .outcome = outcome_of(&item),
                                       .amount_minor = item.amount_minor,
                                       .from = item.from,
                                       .to = item.to,
                                       .currency = item.currency,
                                       .reference = item.reference,
                                       .key_text = item.key_text,
                                       .state = item.state,
                                       .record = ++fetch->record};
        if (wrong != NULL)
            return job_fail(JOB_BAD_INPUT, "does the profile fit this bank?",
                            "bank %s: transfer %u of its list (%s): %s", fetch->bank->name,
                            fetch->record, item.reference, wrong);
        if (!lines_add(fetch->lines, &said))
            return job_fail(JOB_BAD_INPUT, "reconcile a shorter span of time",
                            "bank %s lists more transfers than %u", fetch->bank->name,
                            RECONCILE_LINES_MAX);
    }
    return JOB_DONE;
}

static int fetch_list(struct fetch *fetch, uint32_t list)
{
    char cursor[LIST_CURSOR_MAX + 1] = "";
    for (uint32_t pages = 0; pages < PAGES_MAX; pages++) {
        struct list_page page;
        int exit_code = fetch_page(fetch, list, cursor, &page);
        if (exit_code == JOB_DONE)
            exit_code = add_items(fetch, &page);
        if (exit_code != JOB_DONE || page.next[0] == 0)
            return exit_code;
        if (strcmp(page.next, cursor) == 0)
            break;
        memcpy(cursor, page.next, sizeof cursor);
    }
    return job_fail(JOB_BAD_INPUT, "does the profile's `list` fit this bank?",
                    "bank %s: its list does not end", fetch->bank->name);
}

int reconcile_fetch(const struct run_bank *bank, const struct list_span *span,
                    struct bank_lines *lines)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);
    int exit_code = JOB_DONE;
    CHECK(fetch != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    fetch->bank = bank;
    fetch->span = span;
    fetch->lines = lines;
    fetch->scratch = profile_scratch_open(SCRATCH_BYTES);
    if (profile_list_count(bank->profile) == 0)
        exit_code = job_fail(JOB_BAD_CONFIG,
                             "add it to the profile (ops/banks/README.md), or reconcile a "
                             "statement: daybook reconcile FILE.csv --bank NAME",
                             "bank %s: its profile states no `list` of transfers", bank->name);
    for (uint32_t i = 0; i < profile_list_count(bank->profile) && exit_code == JOB_DONE; i++)
        exit_code = fetch_list(fetch, i);
    disconnect(fetch);
    profile_scratch_close(fetch->scratch);
    curl_global_cleanup();
    free(fetch);
    return exit_code;
}
