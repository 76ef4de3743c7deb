#include "jobs/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"

#define CHILDREN_BYTES 65536

/* The file's first bytes, ended by a NUL; "" where there is none. */
static const char *read_file(const char *file, char *text, size_t room)
{
    FILE *in = fopen(file, "re");
    size_t bytes = in == NULL ? 0 : fread(text, 1, room - 1, in);
    text[bytes] = '\0';
    if (in != NULL)
        fclose(in);
    return text;
}

uint64_t proc_cpu_ns(pid_t pid)
{
    char file[64], text[1024];
    uint64_t ticks = 0;
    snprintf(file, sizeof file, "/proc/%d/stat", pid);
    const char *at = strrchr(read_file(file, text, sizeof text), ')');
    // Behind the name: state is field 3; utime, stime, cutime, cstime are 14 to 17.
    for (int field = 2; at != NULL && field < 17; field++) {
        at = strchr(at, ' ');
        if (at == NULL)
            break;
        at++;
        if (field + 1 >= 14)
            ticks += strtoull(at, NULL, 10);
    }
    return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t proc_family_cpu_ns(pid_t pid)
{
    char file[64];
    static char text[CHILDREN_BYTES];
    uint64_t sum_ns = proc_cpu_ns(pid);
    snprintf(file, sizeof file, "/proc/%d/task/%d/children", pid, pid);
    const char *at = read_file(file, text, sizeof text);
    for (char *end; *at != '\0'; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            break;
        sum_ns += proc_cpu_ns((pid_t)child);
        end += strspn(end, " \n");
    }
    return sum_ns;
}

/* The number behind a label at a line's start, which is in kB, as bytes. */
static uint64_t kilobytes_of(const char *text, const char *label)
{
    const char *at = strstr(text, label);
    return at == NULL ? 0 : strtoull(at + strlen(label), NULL, 10) * 1024;
}

uint64_t proc_memory_most(pid_t pid)
{
    char file[64], text[4096];
    snprintf(file, sizeof file, "/proc/%d/status", pid);
    return kilobytes_of(read_file(file, text, sizeof text), "\nVmHWM:");
}

const char *proc_cpu_name(char name[PROC_TEXT_BYTES])
{
    char text[4096];
    const char *at = strstr(read_file("/proc/cpuinfo", text, sizeof text), "model name");
    at = at == NULL ? NULL : strchr(at, ':');
    snprintf(name, PROC_TEXT_BYTES, "%.*s", at == NULL ? 0 : (int)strcspn(at + 2, "\n"),
             at == NULL ? "" : at + 2);
    return name;
}

uint64_t proc_memory_bytes(void)
{
    char text[4096];
    return kilobytes_of(read_file("/proc/meminfo", text, sizeof text), "MemTotal:");
}
