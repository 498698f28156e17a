/*
 * Stands between a process and the data file of its store (any file named data.mdb), preloaded into the process:
 *
 *   WATCHED_DISK_HOLD  While a file of this name exists, a flush of the data file waits: a disk as slow as the test says.
 *   WATCHED_DISK_LOG   Every write and flush of the data file, and every write to standard output, is appended to this file in the
 *                      order in which they happened; watched-disk-log.ts reads it.
 *   WATCHED_DISK_BOOT  When set, the store believes in another boot of the machine each time that it is opened, as after a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNCED_WRITE = 2, TRUNCATE = 3, FLUSH_BEGINS = 4, FLUSH_ENDS = 5, SAID = 6 };

/* Little-endian, as it lies in memory; the log is read on the machine that wrote it. */
struct head {
  uint32_t kind;
  /* Of a flush: its number, the same at both ends. */
  uint32_t number;
  uint64_t offset;
  uint64_t length;
};

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int log_file = -1;
static uint32_t flushes = 0;

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static int (*real_ftruncate)(int, off_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void begin(void) {
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_writev = dlsym(RTLD_NEXT, "writev");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_open = dlsym(RTLD_NEXT, "open64");
  const char *path = getenv("WATCHED_DISK_LOG");
  if (path != NULL) log_file = real_open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_data_file(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  return length >= 9 && memcmp(path + length - 9, "/data.mdb", 9) == 0;
}

/* One call for head and bytes, so that processes which share the log do not part them. */
static void note(enum kind kind, uint32_t number, uint64_t offset, const void *bytes, uint64_t length) {
  if (log_file == -1) return;
  struct head head = {kind, number, offset, length};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, bytes == NULL ? 0 : length}};
  if (real_writev(log_file, parts, 2) != (ssize_t)(sizeof head + parts[1].iov_len)) abort();
}

static int is_synced(int fd) { return (fcntl(fd, F_GETFL) & O_DSYNC) != 0; }

static void hold(void) {
  const char *path = getenv("WATCHED_DISK_HOLD");
  while (path != NULL && access(path, F_OK) == 0) usleep(1000);
}

/* Noted and done as one, so that no flush begins between the two. */
static ssize_t watched_write(int fd, const void *bytes, size_t length, off_t offset) {
  int synced = is_synced(fd);
  if (synced) hold();
  pthread_mutex_lock(&order);
  note(synced ? SYNCED_WRITE : WRITE, 0, offset, bytes, length);
  ssize_t written = real_pwrite(fd, bytes, length, offset);
  pthread_mutex_unlock(&order);
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) {
  return is_data_file(fd) ? watched_write(fd, bytes, length, offset) : real_pwrite(fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }

/* The store writes its larger parts at the place that the file stands at, after it has moved there. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (!is_data_file(fd)) return real_writev(fd, parts, count);
  ssize_t sum = 0;
  for (int each = 0; each < count; each++) {
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t written = watched_write(fd, parts[each].iov_base, parts[each].iov_len, offset);
    if (written < 0) return sum > 0 ? sum : written;
    lseek(fd, offset + written, SEEK_SET);
    sum += written;
    if ((size_t)written < parts[each].iov_len) break;
  }
  return sum;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (fd != log_file && is_data_file(fd)) {
    struct iovec whole = {(void *)bytes, length};
    return writev(fd, &whole, 1);
  }
  if (fd != STDOUT_FILENO || log_file == -1) return real_write(fd, bytes, length);
  pthread_mutex_lock(&order);
  note(SAID, 0, 0, bytes, length);
  ssize_t written = real_write(fd, bytes, length);
  pthread_mutex_unlock(&order);
  return written;
}

int ftruncate64(int fd, off_t length) {
  if (!is_data_file(fd)) return real_ftruncate(fd, length);
  pthread_mutex_lock(&order);
  note(TRUNCATE, 0, length, NULL, 0);
  int result = real_ftruncate(fd, length);
  pthread_mutex_unlock(&order);
  return result;
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int watched_flush(int fd, int (*flush)(int)) {
  if (!is_data_file(fd)) return flush(fd);
  pthread_mutex_lock(&order);
  uint32_t number = ++flushes;
  note(FLUSH_BEGINS, number, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  hold();
  int result = flush(fd);
  if (result != 0) return result;
  pthread_mutex_lock(&order);
  note(FLUSH_ENDS, number, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  return result;
}

int fdatasync(int fd) { return watched_flush(fd, real_fdatasync); }

int fsync(int fd) { return watched_flush(fd, real_fsync); }

/* The store asks for the identity of the boot; a random one is that of no boot. */
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  int is_boot = getenv("WATCHED_DISK_BOOT") != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0;
  return real_open(is_boot ? "/proc/sys/kernel/random/uuid" : path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}
