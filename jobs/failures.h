/*
 * failures: the numbers of error messages, which people and scripts may rely on.
 *
 * A number begins with the exit code that goes with it: E6501 ends a command with 65. E6500 is any
 * failure of that kind that has no number of its own. `daybook help E6501` prints what stands here.
 *
 * To add one: a row below, with the next free number of its exit code. Never give a number another
 * meaning. Not every message needs a row: only what a person would look up, or a script tell apart.
 */
#ifndef DAYBOOK_JOBS_FAILURES_H
#define DAYBOOK_JOBS_FAILURES_H

/* name, number, what it means, why it happens, what to do */
#define FAILURE_TABLE(X)                                                                           \
    X(BOOK_DIFFERS, 301, "the ledger and the bank's book differ",                                  \
      "A transfer stands in one and not in the other, or with another amount or account.",         \
      "`daybook explain ACCOUNT` for each that is named. What is in doubt is resolved by a run.")  \
    X(OWNED, 1101, "another run owns the batch",                                                   \
      "Only one process works on a batch; the message names it, its machine and its last sign of " \
      "life.",                                                                                     \
      "Let it finish. Where it is dead, a start takes over by itself after claim.stale_after; "    \
      "`daybook run --take-over` does so at once.")                                                \
    X(NO_BATCH, 6501, "there is no batch of that cohort and date",                                 \
      "It was not imported, or the cohort or the date is misspelt.",                               \
      "See the dates in the hint, or `daybook import` it.")                                        \
    X(NO_ACCOUNT, 6502, "no settlement of that account was found",                                 \
      "No plan has this account_ref, or none in the batch that was asked for.",                    \
      "The reference is the CSV's account_ref, exactly; leave out --cohort and --date.")           \
    X(IMPORT_REFUSED, 6503, "the file was refused as a whole",                                     \
      "Some lines are wrong; each is named above with line and column. Nothing was changed.",      \
      "Correct the file and `daybook import` it again.")                                           \
    X(PLAN_FROZEN, 6504, "the batch has begun: its plan is frozen",                                \
      "From its first run on, a batch keeps its accounts and amounts. The differences are shown.", \
      "Import other input under another cohort or date.")                                          \
    X(OTHER_CURRENCY, 6505, "the file is in another currency than the batch",                      \
      "A batch has one currency, which its first import decides.", "Import it as another cohort.") \
    X(NUMBER_TAKEN, 6506, "a bank account number belongs to another account",                      \
      "A number at a bank has one owner for ever, or held money would look like a deposit.",       \
      "Keep the account_ref that the number has, or give the account a number of its own.")        \
    X(LATE_OPENING, 6507, "opening_minor is given for an account that settled before",             \
      "Money already held is told once, in an account's first batch; later the ledger knows it.",  \
      "Leave opening_minor empty for these accounts.")                                             \
    X(BAD_TRACE, 6508, "the file is not a trace, or is damaged",                                   \
      "It was cut or changed, or --trace did not write it.",                                       \
      "What comes before the damage is whole and was printed.")                                    \
    X(BAD_BOOK, 6509, "the bank's book cannot be read", "A line is not what a book has.",          \
      "Ask the bank for its book again; the columns are in the hint.")                             \
    X(NO_PAGE, 6510, "daybook has no page about that word",                                        \
      "It is none of its codes, exit codes, states or commands. A settlement that is parked by a " \
      "bank's refusal shows the bank's own code, which the bank's documents explain.",             \
      "`daybook help codes` lists all.")                                                           \
    X(REQUEST_REFUSED, 6511, "what was asked for was refused",                                     \
      "The settlement, or the bank, does not stand as the request needs it; the message has the "  \
      "code why.",                                                                                 \
      "`daybook help CODE` with that code; `daybook explain ACCOUNT` shows how it stands now.")    \
    X(DATABASE_LOST, 6901, "the database does not answer any more",                                \
      "The session was cut off: the server was stopped, restarted, or the network failed.",        \
      "When it is up, give the same command again. A run goes on where it was.")                   \
    X(DATABASE_DOWN, 6902, "the database cannot be reached",                                       \
      "No server listens where `database` says.",                                                  \
      "Start Postgres, or correct `database` (`daybook config show --origin` says whose it is).")  \
    X(BANKS_DOWN, 6903, "no bank of this batch can be reached",                                    \
      "None accepts a connection at its `url`. Nothing was claimed and nothing was sent.",         \
      "Check the network and each bank's `url`, then give the same command again.")                \
    X(DATABASE_BEHIND, 6904, "the database went back: it lacks what it had",                       \
      "It was restored, or another server took over, and what was lost may have been paid.",       \
      "Do not pay from it. Compare it with the banks' books (`daybook verify --book FILE`).")      \
    X(ADDRESS_TAKEN, 6905, "the mock bank cannot listen on that address",                          \
      "Another process listens there, or the machine has no such address.",                        \
      "Choose another --listen; port 0 takes any free one.")                                       \
    X(MACHINE, 6906, "the machine refuses what a run needs",                                       \
      "run.io is uring and io_uring is blocked (by a container's seccomp profile, or the "         \
      "kernel), files may not be opened in that number, or a bank's host name is not found.",      \
      "The message says which, the hint which setting. Nothing was sent.")                         \
    X(LEDGER_BROKEN, 7001, "the ledger is not whole",                                              \
      "Records were changed, removed or added behind daybook's back, or it has a defect.",         \
      "Stop paying from this ledger. Compare with the closing hashes that earlier runs printed "   \
      "(`daybook verify --expect-head`), and with a backup.")                                      \
    X(RECORDS_REFUSED, 7002, "the database refused some records",                                  \
      "Their settlements are parked as record_refused; the others went on. A defect of daybook.",  \
      "`daybook show` lists them. Report it, with the database's log.")                            \
    X(RUN_BROKEN, 7003, "the run ended, for what it found cannot be",                              \
      "The database holds a chunk or a record that this run did not write, or answered in a way "  \
      "that is not expected.",                                                                     \
      "`daybook verify` the ledger before another run; report it.")                                \
    X(DATABASE_REFUSED_IT, 7004, "the database refused a statement",                               \
      "For a reason that daybook does not expect; the message has the server's words.",            \
      "Report it, with the five letters in brackets (SQLSTATE) and the server's log.")             \
    X(DATABASE_BUSY, 7501, "the database asks to try again",                                       \
      "Two transactions met, or a lock or an answer took too long.",                               \
      "Give the same command again.")                                                              \
    X(DATABASE_FULL, 7502, "the database lacks room, memory or connections",                       \
      "The server's own limits, or its disk.",                                                     \
      "Make room there, then give the same command again.")                                        \
    X(PLAN_REPLACED, 7503, "the plan was replaced while this run began",                           \
      "An import came in between.", "Give the same command again: it reads the new plan.")         \
    X(NO_MEMORY, 7504, "there is not enough memory", "A run takes all its memory at its start.",   \
      "Lower run.slots or run.chunk_records, or --transfers-max of a mock bank.")                  \
    X(OUTPUT_LOST, 7505, "the output could not be written",                                        \
      "The disk is full, or who read the pipe has gone.",                                          \
      "What the command did is done; only what it said is lost.")                                  \
    X(GAVE_UP, 7506, "the run lost the database too often",                                        \
      "It started over run.restarts times, and lost it each time.",                                \
      "When the database is well, give the same command again: it goes on where it was.")          \
    X(LOST_WHILE_RUNNING, 7507, "the run lost the database",                                       \
      "Its session or its answers failed. It hands nothing more to any bank.",                     \
      "It starts over by itself, run.restarts times; afterwards give the same command again.")     \
    X(REQUEST_BUSY, 7508, "the settlement was busy",                                               \
      "A call or a record of it was under way, or its bank gave no answer.",                       \
      "Ask the same again in a moment.")                                                           \
    X(REQUEST_OPEN, 7509, "the request is filed, and not answered yet",                            \
      "The run that owns the batch answers at the end of a chunk.",                                \
      "Nothing: that run or the next one answers it; `daybook explain ACCOUNT` shows how.")        \
    X(DATABASE_RIGHTS, 7701, "the database denies permission",                                     \
      "This login may not do that: the engine needs daybook_engine, who reads whole tables "       \
      "daybook_auditor.",                                                                          \
      "Ask the owner of the schema: GRANT daybook_engine TO the login.")                           \
    X(DATABASE_LOGIN, 7702, "the database refuses this login",                                     \
      "The server is there, but user, password or database name are not as it has them.",          \
      "`daybook config show --origin` says where they come from.")                                 \
    X(LOGIN_TOO_STRONG, 7703, "the database login may do more than an engine must",                \
      "claim.login is refuse, and the login is a superuser or owns the schema.",                   \
      "CREATE ROLE NAME LOGIN; GRANT daybook_engine TO NAME; and log in as that one.")             \
    X(NO_TRACE, 7704, "the trace cannot be written", "The file of --trace cannot be opened.",      \
      "Name one that may be written. Nothing was done.")                                           \
    X(CONFIG_FILE, 7801, "the configuration file cannot be read",                                  \
      "It is not there, or may not be read.", "--config FILE or DAYBOOK_CONFIG names it.")         \
    X(CONFIG_VALUES, 7802, "the configuration has errors",                                         \
      "Each is shown above with its place: a key that is unknown, or a value that does not fit.",  \
      "Correct them; `daybook run --help` lists the keys.")                                        \
    X(NO_DATABASE, 7803, "no database is configured",                                              \
      "Neither `database` in the file, nor DAYBOOK_DATABASE, nor --database is given.",            \
      "Set one: host=… dbname=… user=…")                                                           \
    X(SCHEMA_OLD, 7804, "the database has not the tables that this program needs",                 \
      "The schema is missing, or older than the program.",                                         \
      "`daybook schema apply`, as its owner.")                                                     \
    X(SCHEMA_NEW, 7805, "the database's schema is newer than this program",                        \
      "A newer daybook upgraded it.", "Use that version.")                                         \
    X(SCHEMA_OTHER, 7806, "the schema was made by another build of daybook",                       \
      "A migration was applied with another text than this program has.",                          \
      "Use the build that made it, or a fresh database.")                                          \
    X(NO_PROFILE, 7807, "a bank's profile is not found",                                           \
      "It lies neither beside the configuration file nor in the folder `profiles`.",               \
      "Correct banks.NAME.profile.")                                                               \
    X(BAD_PROFILE, 7808, "a bank's profile has errors", "The message has line and column.",        \
      "Correct the profile.")                                                                      \
    X(NO_BANK, 7809, "the batch has accounts at a bank that is not configured",                    \
      "The import names a bank that the configuration has not.",                                   \
      "Add it under `banks:` in the configuration.")                                               \
    X(TOO_MANY_CALLS, 7810, "the banks together allow too many calls at once",                     \
      "The sum of `calls` of the batch's banks is more than a run can hold.",                      \
      "Lower `calls` or `connections` of some banks.")                                             \
    X(RESOLVE_WAIT, 7811, "run.resolve_wait is too short for a bank",                              \
      "A run would end before a bank's \"not found\" can prove anything.",                         \
      "Set run.resolve_wait to more than the hint says.")                                          \
    X(TIME_ZONE, 7812, "the database does not know the time zone",                                 \
      "`time_zone` is misspelt, or the server lacks its time zone data.",                          \
      "Name one that Postgres knows, such as Asia/Seoul.")                                         \
    X(TOO_FEW_CALLS, 7813, "a bank allows fewer calls at once than the batch has partitions",      \
      "Each partition makes its own calls, and one could make none.",                              \
      "Raise `calls` of that bank to the partitions of the batch.")

enum failure {
#define X(name, number, what, why, next) FAIL_##name = (number),
    FAILURE_TABLE(X)
#undef X
};

/* The exit code of a failure, or of a plain exit code itself. */
static inline int failure_exit(int failure)
{
    return failure < 100 ? failure : failure / 100;
}

/* What is printed after "E". */
static inline int failure_number(int failure)
{
    return failure < 100 ? failure * 100 : failure;
}

#endif
