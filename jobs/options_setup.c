#include "jobs/options_setup.h"

const char options_init_details[] =
    "Every key is there as a comment with its default and what it is for, and an example bank.\n"
    "FILE is daybook.yaml in the working folder unless given; a file that is there is left "
    "alone.\n";

const char options_completion_details[] =
    "For one shell: source <(daybook completion bash). For all, write it to\n"
    "/usr/share/bash-completion/completions/daybook, or to _daybook in a folder of zsh's $fpath;\n"
    "the Debian package has done so.\n";
