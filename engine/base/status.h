/*
 * status: what became of an operation, and above all whether it may have happened.
 *
 * Every status belongs to one class. RETRY: surely did not happen, may be tried again.
 * UNKNOWN: may have happened; it is found out by asking, never by doing it anew.
 * REJECT: did not and never will. FATAL: the run must stop.
 */
#ifndef DAYBOOK_BASE_STATUS_H
#define DAYBOOK_BASE_STATUS_H

enum status_class {
    STATUS_CLASS_OK,
    STATUS_CLASS_RETRY,
    STATUS_CLASS_UNKNOWN,
    STATUS_CLASS_REJECT,
    STATUS_CLASS_FATAL,
};

/* name, class, text */
#define STATUS_TABLE(X)                                                                            \
    X(OK, OK, "done")                                                                              \
    X(STORE_BUSY, RETRY, "the database asked to try the transaction again")                        \
    X(STORE_LOST, UNKNOWN, "the connection to the database was lost")                              \
    X(STORE_ALREADY, OK, "the chunk was already written, with the same digest")                    \
    X(STORE_DIFFERS, FATAL, "the chunk was already written, with another digest")                  \
    X(STORE_FENCED, FATAL, "another run has taken over this partition")                            \
    X(STORE_REFUSED, REJECT, "the database refused the data")                                      \
    X(STORE_TWICE, FATAL, "the database already holds one of these records")                       \
    X(STORE_BEHIND, FATAL, "the database is not the one it was, or lacks what it had")             \
    X(STORE_DENIED, FATAL, "the database denied permission")                                       \
    X(STORE_BROKEN, FATAL, "the database answered in a way that was not expected")                 \
    X(OWNED, REJECT, "another run owns the batch")                                                 \
    X(UNREACHABLE, RETRY, "could not be reached")                                                  \
    X(BAD_INPUT, REJECT, "the input is not valid")                                                 \
    X(BAD_CONFIG, REJECT, "the configuration is not valid")                                        \
    X(INTERNAL, FATAL, "internal error")

enum status {
#define X(name, klass, text) STATUS_##name,
    STATUS_TABLE(X)
#undef X
};

enum status_class status_class(enum status status);
const char *status_name(enum status status);
const char *status_text(enum status status);

#endif
