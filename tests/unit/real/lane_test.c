#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "real/lane.h"

static struct profile *profile;

static int load_profile(void **state)
{
    (void)state;
    const struct profile_site site = {.host = "bank.test",
                                      .path_prefix = "",
                                      .token = "",
                                      .collection_account = "COLLECT-1",
                                      .suspense_account = "",
                                      .currency = "KRW"};
    char error[PROFILE_ERROR_BYTES];
    profile = profile_load(DAYBOOK_SOURCE_DIR "/ops/banks/rest-idempotency-key.yaml", &site, error);
    return profile ? 0 : -1;
}

static int close_profile(void **state)
{
    (void)state;
    profile_close(profile);
    return 0;
}

static struct lane_config config_for(const char *host, uint32_t connections)
{
    return (struct lane_config){.bank_count = 1,
                                .banks = {{.name = "mock",
                                           .host = host,
                                           .port = 1,
                                           .profile = profile,
                                           .connections_max = connections}}};
}

/* Limits are the process's own, so each case runs in one of its own. */
static int exit_code_of(int (*body)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(body());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_with_a_low_hard_limit(void)
{
    const struct rlimit files = {.rlim_cur = 100, .rlim_max = 200};
    char error[STORE_ERROR_BYTES] = "";
    struct lane_config config = config_for("127.0.0.1", 4096);
    return setrlimit(RLIMIT_NOFILE, &files) == 0 && !lane_open(&config, 0, NULL, error) &&
                   strstr(error, "4160 are needed, 200 allowed") &&
                   strstr(error, "HINT: ulimit -n 4160")
               ? 0
               : 1;
}

static void too_few_open_files_are_refused_with_the_number_needed(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(open_with_a_low_hard_limit), 0);
}

static int open_with_a_low_soft_limit(void)
{
    const struct rlimit low = {.rlim_cur = 64, .rlim_max = 1000};
    char error[STORE_ERROR_BYTES] = "";
    struct lane_config config = config_for("127.0.0.1", 300);
    struct rlimit files;
    if (setrlimit(RLIMIT_NOFILE, &low) != 0) {
        return 1;
    }
    struct lane *lane = lane_open(&config, 0, NULL, error);
    if (!lane || getrlimit(RLIMIT_NOFILE, &files) != 0) {
        return 1;
    }
    lane_close(lane);
    return files.rlim_cur == 1000 ? 0 : 1;
}

static void a_low_soft_limit_is_raised(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(open_with_a_low_soft_limit), 0);
}

static void an_unknown_host_is_refused_by_name(void **state)
{
    (void)state;
    char error[STORE_ERROR_BYTES] = "";
    struct lane_config config = config_for("no-such-host.invalid", 64);
    assert_null(lane_open(&config, 0, NULL, error));
    assert_non_null(strstr(error, "no-such-host.invalid"));
    assert_non_null(strstr(error, "\nHINT: "));
}

static void a_bank_is_reachable_only_while_it_listens(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    uint16_t port = ntohs(address.sin_port);
    assert_false(lane_bank_reachable("127.0.0.1", port, NS_PER_S));
    assert_int_equal(listen(fd, 1), 0);
    assert_true(lane_bank_reachable("127.0.0.1", port, NS_PER_S));
    assert_true(lane_bank_reachable("localhost", port, NS_PER_S));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_open_files_are_refused_with_the_number_needed),
        cmocka_unit_test(a_low_soft_limit_is_raised),
        cmocka_unit_test(an_unknown_host_is_refused_by_name),
        cmocka_unit_test(a_bank_is_reachable_only_while_it_listens),
    };
    return cmocka_run_group_tests(tests, load_profile, close_profile);
}
