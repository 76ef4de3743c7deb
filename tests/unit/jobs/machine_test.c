#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/machine.h"

static char folder[] = "/tmp/daybook-machine.XXXXXX";
static char file[sizeof folder + sizeof MACHINE_FILE];
static char error[FILE_ERROR_BYTES];

static const struct machine_speed speed = {
    .settlements_per_s = 12345,
    .engine_ns = 45000,
    .bank_ns = 30000,
    .postgres_ns = 60000,
    .chunk_commit_ns = 9000000,
    .lanes = 2,
};

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/daybook-machine.XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/%s", folder, MACHINE_FILE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder); // nothing else was left there
}

static enum machine_found load(struct machine *machine)
{
    return machine_load(folder, machine, error);
}

static void put_text(const char *text)
{
    assert_true(file_replace(file, text, strlen(text), error));
}

/* The saved file, with a member set to another value. */
static void change(const char *object, const char *member, json_t *value)
{
    json_t *root = json_load_file(file, 0, NULL);
    assert_non_null(root);
    json_t *holder = object == NULL ? root : json_object_get(root, object);
    assert_int_equal(json_object_set_new(holder, member, value), 0);
    char *text = json_dumps(root, 0);
    put_text(text);
    free(text);
    json_decref(root);
}

static void what_a_benchmark_found_is_found_again(void **state)
{
    (void)state;
    struct machine machine;
    struct machine_name here;
    struct stat about;
    machine_look(&here);
    assert_true(here.cores > 0 && here.cpu[0] != '\0' && here.kernel[0] != '\0');
    assert_int_equal(load(&machine), MACHINE_ABSENT);
    assert_true(machine_save(folder, &speed, error));
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    assert_string_equal(machine.name.cpu, here.cpu);
    assert_int_equal(machine.name.cores, here.cores);
    assert_int_equal(machine.speed.settlements_per_s, 12345);
    assert_int_equal(machine.speed.engine_ns, 45000);
    assert_int_equal(machine.speed.bank_ns, 30000);
    assert_int_equal(machine.speed.postgres_ns, 60000);
    assert_int_equal(machine.speed.chunk_commit_ns, 9000000);
    assert_int_equal(machine.speed.lanes, 2);
    assert_int_equal(strlen(machine.speed.measured_at), strlen("2026-03-25T09:00:00Z"));
    assert_true(machine.speed.daybook[0] != '\0');
    assert_int_equal(machine.bank_count, 0);
}

static struct machine_bank bank_of(const char *name, const char *url, uint64_t call_ns)
{
    struct machine_bank bank = {.call_ns = call_ns};
    snprintf(bank.name, sizeof bank.name, "%s", name);
    snprintf(bank.url, sizeof bank.url, "%s", url);
    return bank;
}

static void banks_and_speed_do_not_lose_each_other(void **state)
{
    (void)state;
    struct machine machine;
    const struct machine_bank two[] = {bank_of("north", "http://n", 50000000),
                                       bank_of("south", "http://s", 7000000)};
    assert_true(machine_save_run(folder, 7000000, two, 2, error));
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    assert_int_equal(machine.speed.settlements_per_s, 0);
    assert_true(machine_save(folder, &speed, error));
    const struct machine_bank newer = bank_of("south", "http://s", 8000000);
    const struct machine_bank rehearsal = bank_of("south", "http://127.0.0.1:8080", 1000);
    assert_true(machine_save_run(folder, 0, &newer, 1, error));
    assert_true(machine_save_run(folder, 0, &rehearsal, 1, error));
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    assert_int_equal(machine.speed.settlements_per_s, 12345);
    assert_int_equal(machine.commit_ns, 7000000); // the later runs saw none
    assert_int_equal(machine.bank_count, 3);
    assert_int_equal(machine_bank(&machine, "south", "http://s")->call_ns, 8000000);
    assert_int_equal(machine_bank(&machine, "south", "http://127.0.0.1:8080")->call_ns, 1000);
    assert_int_equal(machine_bank(&machine, "north", "http://n")->call_ns, 50000000);
    assert_null(machine_bank(&machine, "north", "http://s"));
}

static void the_oldest_bank_makes_room(void **state)
{
    (void)state;
    struct machine machine;
    char name[16];
    for (uint32_t i = 0; i <= MACHINE_BANKS_MAX; i++) {
        snprintf(name, sizeof name, "bank%u", i);
        const struct machine_bank bank = bank_of(name, "http://b", i + 1);
        assert_true(machine_save_run(folder, 0, &bank, 1, error));
    }
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    assert_int_equal(machine.bank_count, MACHINE_BANKS_MAX);
    assert_null(machine_bank(&machine, "bank0", "http://b"));
    assert_int_equal(machine_bank(&machine, "bank1", "http://b")->call_ns, 2);
    assert_string_equal(machine.banks[0].name, "bank64");
}

static void what_another_machine_measured_is_told_and_not_used(void **state)
{
    (void)state;
    struct machine machine;
    assert_true(machine_save(folder, &speed, error));
    change("machine", "kernel", json_string("1.2.3")); // an upgrade is the same machine
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    change("machine", "cores", json_integer(4711));
    assert_int_equal(load(&machine), MACHINE_FOREIGN);
    assert_non_null(strstr(error, file));
    assert_non_null(strstr(error, "4711 cores"));
    assert_int_equal(machine.speed.settlements_per_s, 0);
    assert_true(machine.name.cores != 4711);
    assert_true(machine_save(folder, &speed, error)); // takes its place
    assert_int_equal(load(&machine), MACHINE_KNOWN);
    change("machine", "cpu", json_string("an abacus"));
    assert_int_equal(load(&machine), MACHINE_FOREIGN);
    assert_non_null(strstr(error, "an abacus"));
}

static void expect_broken(const char *said)
{
    struct machine machine;
    assert_int_equal(load(&machine), MACHINE_BROKEN);
    assert_non_null(strstr(error, file));
    if (strstr(error, said) == NULL)
        fail_msg("%s does not say: %s", error, said);
    assert_int_equal(machine.speed.settlements_per_s, 0);
    assert_int_equal(machine.bank_count, 0);
}

static void a_file_that_is_damaged_is_told_and_replaced(void **state)
{
    (void)state;
    struct machine machine;
    put_text("{\n  \"format\":");
    expect_broken(":2:");
    put_text("[]");
    expect_broken("not a daybook-capacity");
    put_text("{\"format\": \"daybook-capacity\", \"version\": 2}");
    expect_broken("of version 1");
    put_text("{\"format\": \"daybook-capacity\", \"version\": 1}");
    expect_broken("missing");
    assert_true(machine_save(folder, &speed, error));
    assert_int_equal(load(&machine), MACHINE_KNOWN);
}

static void each_member_is_looked_at(void **state)
{
    (void)state;
    static const char *const numbers[] = {"settlements_per_s", "engine_ns",       "bank_ns",
                                          "postgres_ns",       "chunk_commit_ns", "lanes"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(machine_save(folder, &speed, error));
        change(NULL, numbers[i], json_integer(-1));
        expect_broken("out of range");
        change(NULL, numbers[i], json_integer(INT64_MAX));
        expect_broken("out of range");
        change(NULL, numbers[i], json_string("7"));
        expect_broken("out of range");
    }
    assert_true(machine_save(folder, &speed, error));
    change(NULL, "settlements_per_s", json_integer(0)); // nothing could be divided by it
    expect_broken("out of range");
    assert_true(machine_save(folder, &speed, error));
    change(NULL, "run_commit_ns", json_integer(-1));
    expect_broken("out of range");
    assert_true(machine_save(folder, &speed, error));
    change(NULL, "banks", json_pack("[{s:s}]", "name", "north"));
    expect_broken("missing");
}

static void without_a_folder_nothing_is_kept(void **state)
{
    (void)state;
    struct machine machine;
    assert_int_equal(machine_load(NULL, &machine, error), MACHINE_ABSENT);
    assert_true(machine.name.cores > 0);
    assert_false(machine_save("/nowhere/at/all", &speed, error));
    assert_non_null(strstr(error, "/nowhere/at/all"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_benchmark_found_is_found_again),
        TEST(banks_and_speed_do_not_lose_each_other),
        TEST(the_oldest_bank_makes_room),
        TEST(what_another_machine_measured_is_told_and_not_used),
        TEST(a_file_that_is_damaged_is_told_and_replaced),
        TEST(each_member_is_looked_at),
        TEST(without_a_folder_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
