/* Ends its process at the n-th touch of the disk or of a server, before it, in the
   middle of it, or after it. Loaded before the C library, so that SQLite, Arrow and
   Delta are watched as well as Python. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEFORE, HALF, AFTER };
struct seen { atomic_long count; char kind[16]; char name[240]; };

static struct seen *seen; /* shared with the parent */
static long step;
static int mode;
static pid_t owner;

void arm(struct seen *where, long at, int how) {
  step = at; mode = how; owner = getpid(); seen = where;
}

static int watched(void) { return seen && owner == getpid(); }

static int on_disk(int file) {
  struct stat found;
  return watched() && fstat(file, &found) == 0 && S_ISREG(found.st_mode);
}

static int due(const char *kind, int file, const char *path) {
  if (atomic_fetch_add(&seen->count, 1) + 1 != step) return 0;
  strncpy(seen->kind, kind, sizeof seen->kind - 1);
  if (path) strncpy(seen->name, path, sizeof seen->name - 1);
  else {
    char link[32] = "/proc/self/fd/", digits[12];
    int n = 0;
    do digits[n++] = '0' + file % 10; while (file /= 10);
    size_t end = strlen(link);
    while (n) link[end++] = digits[--n];
    link[end] = 0;
    ssize_t size = readlink(link, seen->name, sizeof seen->name - 1);
    (void)size;
  }
  return 1;
}

static void die(void) {
  kill(owner, SIGKILL);
  for (;;) pause();
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* what has a length can be torn */
#define TORN(result, name, given, whole, half, there, kind, file) \
  result name given { \
    REAL(name); \
    if (there && due(kind, file, 0)) { \
      if (mode == HALF) real half; \
      if (mode == AFTER) real whole; \
      die(); \
    } \
    return real whole; \
  }

#define AT_ONCE(result, name, given, whole, there, kind, file, path) \
  result name given { \
    REAL(name); \
    if (there && due(kind, file, path)) { \
      if (mode != BEFORE) real whole; \
      die(); \
    } \
    return real whole; \
  }

TORN(ssize_t, write, (int f, const void *b, size_t n), (f, b, n), (f, b, n / 2),
     on_disk(f), "write", f)
TORN(ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), (f, b, n, o),
     (f, b, n / 2, o), on_disk(f), "write", f)
TORN(ssize_t, pwrite64, (int f, const void *b, size_t n, off64_t o), (f, b, n, o),
     (f, b, n / 2, o), on_disk(f), "write", f)
TORN(ssize_t, send, (int f, const void *b, size_t n, int flags), (f, b, n, flags),
     (f, b, n / 2, flags), watched(), "send", f)
/* it is the process that dies and not the machine: nobody waits for the disk */
#define NO_WAIT(name) \
  int name(int f) { \
    if (watched() && due("fsync", f, 0)) die(); \
    return 0; \
  }
NO_WAIT(fsync)
NO_WAIT(fdatasync)
AT_ONCE(int, ftruncate, (int f, off_t n), (f, n), on_disk(f), "truncate", f, 0)
AT_ONCE(int, ftruncate64, (int f, off64_t n), (f, n), on_disk(f), "truncate", f, 0)
AT_ONCE(int, rename, (const char *a, const char *b), (a, b), watched(), "rename", 0, b)
AT_ONCE(int, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b),
        watched(), "rename", 0, b)
AT_ONCE(int, link, (const char *a, const char *b), (a, b), watched(), "link", 0, b)
AT_ONCE(int, linkat, (int d, const char *a, int e, const char *b, int how),
        (d, a, e, b, how), watched(), "link", 0, b)
AT_ONCE(int, unlink, (const char *a), (a), watched(), "unlink", 0, a)
AT_ONCE(int, mkdir, (const char *a, mode_t m), (a, m), watched(), "mkdir", 0, a)

#define MADE(name, given, type, whole, path, flags) \
  int name given { \
    static type *real; \
    if (!real) real = (type *)dlsym(RTLD_NEXT, #name); \
    mode_t rights = 0; \
    if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) { \
      va_list rest; \
      va_start(rest, flags); \
      rights = va_arg(rest, mode_t); \
      va_end(rest); \
      if (watched() && due("create", 0, path)) { \
        if (mode != BEFORE) real whole; \
        die(); \
      } \
    } \
    return real whole; \
  }

typedef int opening(const char *, int, ...);
typedef int opening_at(int, const char *, int, ...);
MADE(open, (const char *p, int f, ...), opening, (p, f, rights), p, f)
MADE(open64, (const char *p, int f, ...), opening, (p, f, rights), p, f)
MADE(openat, (int d, const char *p, int f, ...), opening_at, (d, p, f, rights), p, f)
MADE(openat64, (int d, const char *p, int f, ...), opening_at, (d, p, f, rights), p, f)
