#include "jobs/options_setup.h"

#include "jobs/option_rows.h"

const struct job_option options_doctor[5] = {
    OPTION_CONFIG,
    OPTION_DATABASE,
    OPTION_SET,
    {.name = "bank",
     .rule = TEXT,
     .argument = "NAME",
     .help = "look at this bank alone; else at every bank that is configured"},
    OPTION_OUTPUT,
};

const char options_doctor_details[] =
    "Looks at the kernel (io_uring is really tried), limits, the state folder, the database (its\n"
    "version, durability, rights of the login, schema, clock, round trip) and at each bank\n"
    "(profile, token, address, port, clock). Changes nothing; asks a bank for no account. One "
    "line\n"
    "each: ok, warn (works, but), fail (a run would be refused), with what to do. Goes on after a\n"
    "failure: a broken configuration does not hide a database that is down.\n"
    "Exit: 0 no failure, 78 something must be set otherwise, 77 a right is missing, 69 database\n"
    "or bank unreachable; of several the first in this order.\n";

const char options_init_details[] =
    "Every key is there as a comment with its default and what it is for, and an example bank.\n"
    "FILE is daybook.yaml in the working folder unless given; a file that is there is left "
    "alone.\n";

const char options_completion_details[] =
    "For one shell: source <(daybook completion bash). For all, write it to\n"
    "/usr/share/bash-completion/completions/daybook, or to _daybook in a folder of zsh's $fpath;\n"
    "the Debian package has done so.\n";
