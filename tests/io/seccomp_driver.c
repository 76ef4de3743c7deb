/*
 * Runs a command with fewer system calls, as a container runtime or a service manager would:
 *
 *   io_seccomp_driver deny ERRNO NAME… -- COMMAND…     all but these
 *   io_seccomp_driver profile FILE -- COMMAND…         what a container's seccomp profile permits
 *
 * Of a profile it understands what ops/kubernetes/seccomp.json has: a default action
 * SCMP_ACT_ERRNO with its number, and SCMP_ACT_ALLOW with SCMP_CMP_MASKED_EQ. What else stands
 * there is refused, not passed over; calls that are unknown here only where it is "lenient".
 */
#include <errno.h>
#include <jansson.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "seccomp_driver: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int number_of(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        fail(name);
    return number;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        fail(key);
    return text;
}

static uint64_t value_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void allow(scmp_filter_ctx filter, const json_t *rule, const char *name)
{
    const json_t *args = json_object_get(rule, "args"), *arg = json_array_get(args, 0);
    int failure;
    if (json_array_size(args) > 1 ||
        (arg != NULL && strcmp(text_of(arg, "op"), "SCMP_CMP_MASKED_EQ") != 0))
        fail("args");
    if (arg == NULL)
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number_of(name), 0);
    else
        failure = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number_of(name), 1,
                                   SCMP_CMP64((unsigned)value_of(arg, "index"), SCMP_CMP_MASKED_EQ,
                                              value_of(arg, "value"), value_of(arg, "valueTwo")));
    if (failure != 0)
        fail(name);
}

static scmp_filter_ctx read_profile(const char *file)
{
    json_error_t error;
    size_t i, k;
    json_t *rule, *name;
    json_t *profile = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (profile == NULL)
        fail(error.text);
    if (strcmp(text_of(profile, "defaultAction"), "SCMP_ACT_ERRNO") != 0)
        fail("defaultAction");
    scmp_filter_ctx filter =
        seccomp_init(SCMP_ACT_ERRNO((uint32_t)value_of(profile, "defaultErrnoRet")));
    bool lenient = json_is_true(json_object_get(profile, "lenient"));
    json_array_foreach(json_object_get(profile, "syscalls"), i, rule)
    {
        if (strcmp(text_of(rule, "action"), "SCMP_ACT_ALLOW") != 0)
            fail("action");
        json_array_foreach(json_object_get(rule, "names"), k, name)
        {
            if (!lenient || seccomp_syscall_resolve_name(json_string_value(name)) >= 0)
                allow(filter, rule, json_string_value(name));
        }
    }
    json_decref(profile);
    return filter;
}

int main(int argc, char **argv)
{
    int at = 3;
    scmp_filter_ctx filter = NULL;
    if (argc > 3 && strcmp(argv[1], "profile") == 0)
        filter = read_profile(argv[2]);
    else if (argc > 3 && strcmp(argv[1], "deny") == 0)
        filter = seccomp_init(SCMP_ACT_ALLOW);
    for (; filter != NULL && at < argc && strcmp(argv[at], "--") != 0; at++) {
        uint32_t action = SCMP_ACT_ERRNO((uint32_t)strtoul(argv[2], NULL, 10));
        if (strcmp(argv[1], "deny") != 0 ||
            seccomp_rule_add(filter, action, number_of(argv[at]), 0) != 0)
            fail(argv[at]);
    }
    if (filter == NULL || at + 1 >= argc)
        fail("usage");
    if (seccomp_load(filter) != 0)
        fail("seccomp_load");
    seccomp_release(filter);
    execvp(argv[at + 1], argv + at + 1);
    fail(argv[at + 1]);
}
