#include "jobs/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES_MAX 4096

static char *fail(char error[FILE_ERROR_BYTES], const char *name, const char *what)
{
    snprintf(error, FILE_ERROR_BYTES, "%.200s: %s", name, what);
    return NULL;
}

/* A file's size, so that it is read without moving what was read; a pipe has none. */
static size_t size_of(int fd, size_t bytes_max)
{
    struct stat about;
    size_t bytes = 65535;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && (uint64_t)about.st_size > bytes)
        bytes = (uint64_t)about.st_size < bytes_max ? (size_t)about.st_size : bytes_max;
    return bytes;
}

/* Reads to the end, growing by doubling, so that pipes and growing files work too. */
static char *read_all(int fd, const char *name, size_t bytes_max, size_t *bytes,
                      char error[FILE_ERROR_BYTES])
{
    size_t capacity = size_of(fd, bytes_max) + 1, used = 0; // room to see the end
    char *text = malloc(capacity + 1);
    CHECK(text != NULL);
    for (;;) {
        ssize_t got = read(fd, text + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            text[used] = '\0';
            *bytes = used;
            if (got == 0)
                return text;
            free(text);
            return fail(error, name, strerror(errno));
        }
        used += (size_t)got;
        if (used > bytes_max) {
            free(text);
            return fail(error, name, "too large");
        }
        if (used == capacity) {
            capacity *= 2;
            char *larger = realloc(text, capacity + 1);
            CHECK(larger != NULL);
            text = larger;
        }
    }
}

char *file_read(const char *name, size_t bytes_max, size_t *bytes, char error[FILE_ERROR_BYTES])
{
    if (strcmp(name, "-") == 0)
        return read_all(STDIN_FILENO, "stdin", bytes_max, bytes, error);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, name, strerror(errno));
    char *text = read_all(fd, name, bytes_max, bytes, error);
    close(fd);
    return text;
}

/* There systemd lets the unit's user in by an access list, whose mask takes the group's place. */
static mode_t others_of(const char *name)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t bytes = folder == NULL ? 0 : strlen(folder);
    bool handed = bytes > 1 && strncmp(name, folder, bytes) == 0 && name[bytes] == '/' &&
                  strchr(name + bytes + 1, '/') == NULL;
    return handed ? S_IRWXO | S_IWGRP | S_IXGRP : S_IRWXO | S_IRWXG;
}

char *file_read_secret(const char *name, char error[FILE_ERROR_BYTES])
{
    struct stat about;
    size_t bytes = 0;
    char *text = NULL;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, name, strerror(errno));
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        fail(error, name, "not a regular file");
    else if ((about.st_mode & others_of(name)) != 0)
        fail(error, name, "others may read this secret; chmod 600 it");
    else
        text = read_all(fd, name, SECRET_BYTES_MAX, &bytes, error);
    close(fd);
    if (text == NULL)
        return NULL;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0' || strlen(text) + 2 < bytes) {
        explicit_bzero(text, bytes);
        free(text);
        return fail(error, name, "a secret is one line of text");
    }
    return text;
}

/* Closes it in any case. */
static bool write_all(int fd, const char *text, size_t bytes)
{
    bool good = fd >= 0;
    for (size_t done = 0; good && done < bytes;) {
        ssize_t put = write(fd, text + done, bytes - done);
        good = put > 0 || (put < 0 && errno == EINTR);
        done += put > 0 ? (size_t)put : 0;
    }
    good = good && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return good;
}

bool file_replace(const char *name, const char *text, size_t bytes, char error[FILE_ERROR_BYTES])
{
    char *fresh = NULL;
    CHECK(asprintf(&fresh, "%s.%ld", name, (long)getpid()) > 0);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = write_all(fd, text, bytes) && rename(fresh, name) == 0;
    if (!good) {
        fail(error, name, strerror(errno));
        unlink(fresh);
    }
    free(fresh);
    return good;
}

char *file_in(const char *folder, const char *name)
{
    char *path = NULL;
    CHECK(asprintf(&path, "%s/%s", folder, name) >= 0);
    return path;
}

char *file_beside(const char *other, const char *name)
{
    const char *slash = other == NULL ? NULL : strrchr(other, '/');
    char *path = NULL;
    if (name[0] == '/' || slash == NULL)
        CHECK((path = strdup(name)) != NULL);
    else
        CHECK(asprintf(&path, "%.*s/%s", (int)(slash - other), other, name) >= 0);
    return path;
}
