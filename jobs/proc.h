/*
 * proc: what /proc says of processes: CPU time, memory; and of this machine.
 */
#ifndef DAYBOOK_JOBS_PROC_H
#define DAYBOOK_JOBS_PROC_H

#include <stdint.h>
#include <sys/types.h>

/* User and system time of a process with the children it has waited for, to 10 ms; 0: it is gone.
 */
uint64_t proc_cpu_ns(pid_t pid);
/* The same, with all its living children. */
uint64_t proc_family_cpu_ns(pid_t pid);
/* The most memory that it ever had resident (VmHWM); 0: it is gone. */
uint64_t proc_memory_most(pid_t pid);

/* ---- this machine ---- */

#define PROC_TEXT_BYTES 128
/* The processor's name; "" where /proc does not tell. */
const char *proc_cpu_name(char name[PROC_TEXT_BYTES]);
uint64_t proc_memory_bytes(void);

#endif
