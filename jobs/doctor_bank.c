/* The banks: profile, token, limits, address, port, clock. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "core/limits.h"
#include "jobs/doctor.h"
#include "jobs/file.h"
#include "real/address.h"
#include "real/clock.h"
#include "real/lane.h"

#define WAIT_NS (2 * NS_PER_S)
#define ANSWER_BYTES 8192
#define CLOCK_APART_S 5 /* a header tells whole seconds */
#define CURRENCY "KRW"  /* each batch has its own; here only its form counts */

/* ---- configuration and profile ---- */

static void look_at_profile(struct doctor *doctor, const struct config_bank *bank)
{
    struct job_said said;
    struct run_bank *loaded = &doctor->banks.banks[doctor->banks.count];
    *loaded = (struct run_bank){.config = bank};
    snprintf(loaded->name, sizeof loaded->name, "%s", bank->name);
    job_keep(&said);
    int exit_code = run_bank_load(loaded, doctor->config, CURRENCY);
    if (exit_code != JOB_DONE) {
        doctor_fail_said(doctor, "profile", &said, exit_code);
        return;
    }
    doctor->banks.count++;
    exit_code = run_bank_check_wait(loaded, doctor->config);
    if (exit_code != JOB_DONE) {
        doctor_fail_said(doctor, "resolve_wait", &said, exit_code);
        return;
    }
    job_keep(NULL);
    const struct bank_rules *rules = &loaded->rules;
    doctor_ok(doctor, "profile", "%s: %u calls/s, %u in flight, %u connections", bank->profile,
              rules->rate_per_s, rules->calls_max, loaded->connections);
    if (rules->linger_ns == AT_NEVER)
        doctor_warn(
            doctor, "linger",
            "ask the bank how long it keeps a silent connection, and set "
            "`linger`",
            "it is unknown: what a bank does not find may still arrive, and needs a person");
}

static void look_at_token(struct doctor *doctor, const struct config_bank *bank)
{
    char error[FILE_ERROR_BYTES];
    if (bank->token_file == NULL && bank->token == NULL) {
        doctor_warn(doctor, "token", "set token_file, unless the bank wants none",
                    "none is configured");
        return;
    }
    if (bank->token_file == NULL) {
        doctor_ok(doctor, "token", "from the environment");
        return;
    }
    char *path = file_beside(doctor->config->file, bank->token_file);
    char *secret = file_read_secret(path, error);
    if (secret != NULL) {
        doctor_ok(doctor, "token", "%s, for its owner alone", path);
        explicit_bzero(secret, strlen(secret));
    } else {
        doctor_fail(doctor, "token", access(path, R_OK) == 0 ? JOB_BAD_CONFIG : JOB_DENIED,
                    "one line, owned by daybook's user, chmod 600", "%s", error);
    }
    free(secret);
    free(path);
}

/* ---- network ---- */

bool doctor_parse_date(const char *answer, int64_t *at_s)
{
    for (const char *line = strchr(answer, '\n'); line != NULL; line = strchr(line, '\n')) {
        struct tm time = {0};
        line++;
        if (*line == '\r' || *line == '\n')
            return false; // the head has ended
        if (strncasecmp(line, "date:", 5) != 0)
            continue;
        const char *text = line + 5 + strspn(line + 5, " \t");
        const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &time);
        if (end == NULL || (*end != '\r' && *end != '\n'))
            return false;
        *at_s = timegm(&time);
        return true;
    }
    return false;
}

static bool is_ready(int fd, short events, uint64_t until_ns)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    uint64_t now_ns = clock_now_ns();
    return now_ns < until_ns && poll(&waiting, 1, (int)((until_ns - now_ns) / NS_PER_MS) + 1) == 1;
}

static bool is_connected(int fd, const struct address *address, uint64_t until_ns)
{
    int failure = 0;
    socklen_t bytes = sizeof failure;
    return connect(fd, (const struct sockaddr *)&address->socket, address->bytes) == 0 ||
           (is_ready(fd, POLLOUT, until_ns) &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) == 0 && failure == 0);
}

/* The head of what the bank answers to a question about nothing. */
static bool ask(const struct config_bank *bank, const struct address *address,
                char answer[ANSWER_BYTES])
{
    char question[CONFIG_HOST_MAX + 128];
    size_t got = 0;
    uint64_t until_ns = clock_now_ns() + WAIT_NS;
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    int bytes = snprintf(question, sizeof question,
                         "HEAD / HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n\r\n", bank->host,
                         bank->port);
    bool asked = is_connected(fd, address, until_ns) &&
                 send(fd, question, (size_t)bytes, MSG_NOSIGNAL) == bytes;
    answer[0] = '\0';
    while (asked && got + 1 < ANSWER_BYTES && strstr(answer, "\r\n\r\n") == NULL &&
           is_ready(fd, POLLIN, until_ns)) {
        ssize_t more = recv(fd, answer + got, ANSWER_BYTES - 1 - got, 0);
        if (more <= 0)
            break;
        got += (size_t)more;
        answer[got] = '\0';
    }
    close(fd);
    return got > 0;
}

static void look_at_clock(struct doctor *doctor, const struct config_bank *bank,
                          const struct addresses *addresses)
{
    char answer[ANSWER_BYTES];
    int64_t at_s;
    if (!ask(bank, &addresses->all[0], answer) || !doctor_parse_date(answer, &at_s)) {
        doctor_ok(doctor, "clock", "it does not tell (no Date in its answers)");
        return;
    }
    int64_t apart_s = at_s - clock_wall_us() / 1000000;
    if (llabs(apart_s) > CLOCK_APART_S)
        doctor_warn(doctor, "clock", "let this machine take its time from NTP, or tell the bank",
                    "the bank's clock is %" PRId64 " s %s this machine's", (int64_t)llabs(apart_s),
                    apart_s > 0 ? "ahead of" : "behind");
    else
        doctor_ok(doctor, "clock", "%" PRId64 " s from this machine's", apart_s);
}

static void look_at_network(struct doctor *doctor, const struct config_bank *bank)
{
    char error[STORE_ERROR_BYTES];
    struct addresses addresses;
    if (!address_resolve(bank->host, bank->port, &addresses, error, sizeof error)) {
        doctor_fail_status(doctor, "address", STATUS_UNREACHABLE, error);
        return;
    }
    doctor_ok(doctor, "address", "%s", bank->host);
    if (!lane_bank_reachable(bank->host, bank->port, WAIT_NS)) {
        doctor_fail(doctor, "port", JOB_UNREACHABLE,
                    "check `url`, the firewall, and whether the bank is open",
                    "%s:%u takes no connection", bank->host, bank->port);
        return;
    }
    doctor_ok(doctor, "port", "%u takes connections", bank->port);
    look_at_clock(doctor, bank, &addresses);
}

static void look_at_bank(struct doctor *doctor, const struct config_bank *bank)
{
    char group[32];
    snprintf(group, sizeof group, "bank %s", bank->name);
    doctor_group(doctor, group);
    if (bank->host[0] == '\0') { // what is missing stands above
        doctor_warn(doctor, "all of it", "mend the configuration first",
                    "not looked at: its part of the configuration is not whole");
        return;
    }
    look_at_profile(doctor, bank);
    look_at_token(doctor, bank);
    look_at_network(doctor, bank);
}

void doctor_banks(struct doctor *doctor, const char *only)
{
    const struct config *config = doctor->config;
    uint32_t looked = 0, calls = 0;
    for (uint32_t i = 0; i < config->bank_count; i++) {
        if (only != NULL && strcmp(config->banks[i].name, only) != 0)
            continue;
        look_at_bank(doctor, &config->banks[i]);
        looked++;
    }
    for (uint32_t i = 0; i < doctor->banks.count; i++)
        calls += doctor->banks.banks[i].rules.calls_max;
    if (looked > 0 && calls <= CALLS_MAX)
        return;
    doctor_group(doctor, "banks");
    if (calls > CALLS_MAX)
        doctor_warn(doctor, "calls", "lower `calls` or `connections` of some banks",
                    "together they allow %u calls in flight; a batch at all of them may have %u",
                    calls, CALLS_MAX);
    else
        doctor_fail(doctor, "any", JOB_BAD_CONFIG, "add it under `banks:` in the configuration",
                    only != NULL ? "bank %s is not configured" : "no bank is configured%s",
                    only != NULL ? only : "");
}
