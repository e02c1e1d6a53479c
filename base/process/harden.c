/*
 * The kernel does it: prctl(2), capabilities(7), landlock(7), seccomp(2). A part
 * that the kernel does not have is left out, and logged.
 *
 * Debuggers and memory checkers need what is refused here: with one of them
 * nothing is given up.
 */
#include "base/process/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

/* --- whether ------------------------------------------------------------------ */

/* The process id of a debugger that is attached, 0 without one. */
static int
tracer(void)
{
	char	 text[4096];
	FILE	*f = fopen("/proc/self/status", "re");
	char	*at;
	size_t	 len;

	if (f == NULL)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	at = strstr(text, "\nTracerPid:");
	return at == NULL ? 0 :
	    (int)strtol(at + strlen("\nTracerPid:"), NULL, 10);
}

/* The debugger or checker that this process runs with; NULL: none. */
static const char *
watcher(void)
{
	const char	*preload = getenv("LD_PRELOAD");

#ifdef __SANITIZE_ADDRESS__
	return "a sanitizer";
#endif
	if (preload != NULL && strstr(preload, "/vgpreload_") != NULL)
		return "valgrind";
	return tracer() != 0 ? "a debugger" : NULL;
}

static bool
is_wanted(const struct settings *s)
{
	return strcmp(s->harden, "off") != 0 && watcher() == NULL;
}

/*
 * Not every kernel and not every container lets a process give up everything:
 * it goes on with the rest, unless FLICKET_HARDEN is strict.
 */
static void
cannot(const struct settings *s, const char *what)
{
	if (strcmp(s->harden, "strict") == 0)
		log_fatal("%s: %s", what, strerror(errno));
	log_warn("%s: %s", what, strerror(errno));
}

/* --- secrets ------------------------------------------------------------------- */

static void
hide_memory(void)
{
	const struct rlimit	none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("cores cannot be forbidden: %s", strerror(errno));
}

/*
 * Others can read the environment of a process (/proc/PID/environ), as the bytes
 * that are in its memory at the time.
 */
void
harden_secrets(struct settings *s, bool keep_secrets)
{
	settings_hide_secrets(s, keep_secrets);
	if (is_wanted(s))
		hide_memory();
}

void
harden_tool(void)
{
	const char	*wish = getenv("FLICKET_HARDEN");

	if ((wish == NULL || strcmp(wish, "off") != 0) && watcher() == NULL)
		hide_memory();
}

/* --- privileges ------------------------------------------------------------------ */

static int
set_capabilities(uint32_t low)
{
	struct __user_cap_header_struct	header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct	data[2] = {
		{ .effective = low, .permitted = low } };

	return (int)syscall(SYS_capset, &header, data);
}

/* Only a process with privileges can drop them for its children. */
static void
drop_bounds(void)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* A change of user makes the kernel forget what to do when a parent dies. */
static void
follow_parent(pid_t parent, int signal_number)
{
	if (signal_number == 0)
		return;
	if (prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) == -1 ||
	    getppid() != parent)
		log_fatal("whoever started this process ended");
}

static bool
change_user(uid_t user, gid_t group)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 &&
	    setgroups(0, NULL) == 0 && setresgid(group, group, group) == 0 &&
	    setresuid(user, user, user) == 0;
}

static void
become(const struct settings *s, uid_t user, gid_t group)
{
	const uint32_t	bind_ports = UINT32_C(1) << CAP_NET_BIND_SERVICE;
	pid_t		parent = getppid();
	int		signal_number = 0;

	(void)prctl(PR_GET_PDEATHSIG, &signal_number, 0, 0, 0);
	drop_bounds();
	if (!change_user(user, group)) {
		cannot(s, "cannot become the owner of FLICKET_DATA");
		return;
	}
	/* a container may have taken it away before */
	if (set_capabilities(bind_ports) == -1 && set_capabilities(0) == -1)
		log_fatal("privileges cannot be dropped: %s", strerror(errno));
	follow_parent(parent, signal_number);
	log_info("started by root, goes on as user %u, who owns FLICKET_DATA",
	    (unsigned)user);
}

void
harden_owner(const struct settings *s)
{
	struct stat	st;

	if (strcmp(s->harden, "off") == 0 || geteuid() != 0 ||
	    stat(s->data, &st) == -1)
		return;
	if (st.st_uid != 0)
		become(s, st.st_uid, st.st_gid);
	/* a change of user makes processes visible again */
	if (is_wanted(s))
		hide_memory();
}

static void
drop_privileges(const struct settings *s)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		cannot(s, "new privileges cannot be forbidden");
	drop_bounds();
	if (set_capabilities(0) == -1)
		cannot(s, "privileges cannot be dropped");
	if (geteuid() == 0)
		log_line(log_routine(), "works as root, without root's "
		    "privileges; started by root with a FLICKET_DATA of "
		    "another user it would become that user");
}

/* --- files ------------------------------------------------------------------------- */

/* Rights, and an attribute, that Debian 12's headers do not have yet. */
#define FS_REFER		(UINT64_C(1) << 13)	/* ABI 2 */
#define FS_TRUNCATE		(UINT64_C(1) << 14)	/* ABI 3 */
#define FS_IOCTL_DEV		(UINT64_C(1) << 15)	/* ABI 5 */
#define NET_CONNECT_TCP		(UINT64_C(1) << 1)	/* ABI 4 */
#define SCOPE_ABSTRACT_UNIX	(UINT64_C(1) << 0)	/* ABI 6 */
#define SCOPE_SIGNAL		(UINT64_C(1) << 1)

struct ruleset {
	uint64_t	fs;
	uint64_t	net;
	uint64_t	scoped;
};

#define FS_READ		((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | \
			    LANDLOCK_ACCESS_FS_READ_DIR))
#define FS_CHANGE	(FS_READ | FS_REFER | FS_TRUNCATE | \
			    (uint64_t)(LANDLOCK_ACCESS_FS_WRITE_FILE | \
			    LANDLOCK_ACCESS_FS_REMOVE_DIR | \
			    LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			    LANDLOCK_ACCESS_FS_MAKE_DIR | \
			    LANDLOCK_ACCESS_FS_MAKE_REG | \
			    LANDLOCK_ACCESS_FS_MAKE_SOCK))
/* what can be granted for a file; the rest is about folders */
#define FS_OF_FILE	((uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | \
			    LANDLOCK_ACCESS_FS_WRITE_FILE) | FS_TRUNCATE)

struct fence {
	int		rules;		/* descriptor */
	uint64_t	handled;
};

/* A file that does not exist needs no rule. */
static void
grant(const struct fence *f, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr	rule = { 0 };
	struct stat				st;
	int					fd;

	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= FS_OF_FILE;
	rule.allowed_access = rights & f->handled;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, f->rules,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == -1)
		log_warn("%s cannot be allowed: %s", path, strerror(errno));
	close(fd);
}

/* The folder that a file is in, which a new one will be put into. */
static void
grant_folder(const struct fence *f, const char *path, uint64_t rights)
{
	const char	*slash = strrchr(path, '/');
	char		 folder[PATH_MAX];

	if (slash == NULL)
		return;		/* FLICKET_DATA itself may not be changed */
	snprintf(folder, sizeof(folder), "%.*s",
	    slash == path ? 1 : (int)(slash - path), path);
	grant(f, folder, rights);
}

/* The same, and where it really is: certificates are links, often. */
static void
grant_renewed(const struct fence *f, const char *path)
{
	char	real[PATH_MAX];

	if (path[0] == '\0')
		return;
	grant_folder(f, path, FS_READ);
	if (realpath(path, real) != NULL)
		grant_folder(f, real, FS_READ);
}

#define ALSO_MOST	16

static char	*also_read[ALSO_MOST];

void
harden_read_also(const char *path)
{
	for (size_t i = 0; i < ALSO_MOST; i++)
		if (also_read[i] == NULL) {
			also_read[i] = must_strdup(path);
			return;
		}
}

static bool
is_tcp(const char *endpoint)
{
	return strncmp(endpoint, "tcp://", 6) == 0;
}

/* Whether hosts are reached over the network, by names perhaps. */
static bool
has_peers(const struct settings *s)
{
	bool	any = is_tcp(s->bind) || s->engine[0] != '\0';

	for (unsigned id = 1; id < SERVICE_END; id++)
		any = any || is_tcp(settings_endpoint(s, id));
	return any;
}

static void
grant_endpoint(const struct fence *f, const char *endpoint, uint64_t rights)
{
	if (strncmp(endpoint, "ipc://", 6) == 0 && endpoint[6] != '@')
		grant_folder(f, endpoint + 6, rights);
}

static void
grant_ours(const struct fence *f, const struct settings *s, const char *store)
{
	char		folder[64];
	/* the gateway has written its address there by now, and makes no
	 * sockets in the place of a service's */
	uint64_t	rights = store == NULL ? FS_READ : FS_CHANGE;

	grant(f, "run", rights);
	grant_endpoint(f, s->bind, rights);
	for (unsigned id = 1; id < SERVICE_END; id++)
		grant_endpoint(f, settings_endpoint(s, id), rights);
	grant(f, s->keys, FS_READ);
	grant_renewed(f, s->tls_cert);
	grant_renewed(f, s->tls_key);
	if (store == NULL)
		return;
	snprintf(folder, sizeof(folder), "stores/%s", store);
	if (mkdir(folder, 0700) == -1 && errno != EEXIST)
		log_fatal("FLICKET_DATA: %s: %s", folder, strerror(errno));
	grant(f, folder, FS_CHANGE);
	grant(f, s->admin_password_file, FS_READ);
	for (size_t i = 0; i < ALSO_MOST && also_read[i] != NULL; i++)
		grant_renewed(f, also_read[i]);
}

static void
grant_systems(const struct fence *f, const struct settings *s)
{
	static const char *const	always[] = { "/usr", "/lib", "/lib64",
		"/proc", "/dev/urandom", "/dev/null",
		"/sys/devices/system/cpu", "/etc/ssl/openssl.cnf",
		"/etc/localtime" };
	static const char *const	names[] = { "/etc",
		"/run/systemd/resolve", "/run/resolvconf",
		"/run/NetworkManager" };

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		grant(f, always[i], FS_READ);
	if (!has_peers(s) && s->metrics_listen[0] == '\0')
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		grant(f, names[i], FS_READ);
}

/* The accesses that a kernel of that ABI can refuse. */
static struct ruleset
refusals(long abi, const struct settings *s)
{
	struct ruleset	r = { .fs = (UINT64_C(1) << 13) - 1 };

	if (abi >= 2)
		r.fs |= FS_REFER;
	if (abi >= 3)
		r.fs |= FS_TRUNCATE;
	if (abi >= 4 && !has_peers(s))
		r.net = NET_CONNECT_TCP;
	if (abi >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX;
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (strncmp(settings_endpoint(s, id), "ipc://@", 7) == 0)
			r.scoped &= ~SCOPE_ABSTRACT_UNIX;
	return r;
}

static void
fence_files(const struct settings *s, const char *store)
{
	long		abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			    LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset	r;
	struct fence	f;

	if (abi < 1) {
		log_info("Landlock cannot be used (%s): files are kept apart by "
		    "their owners and modes only", strerror(errno));
		return;
	}
	r = refusals(abi, s);
	f.handled = r.fs;
	f.rules = (int)syscall(SYS_landlock_create_ruleset, &r,
	    abi >= 6 ? sizeof(r) : abi >= 4 ? offsetof(struct ruleset, scoped) :
	    offsetof(struct ruleset, net), 0);
	if (f.rules == -1) {
		cannot(s, "files cannot be kept apart by Landlock");
		return;
	}
	grant_ours(&f, s, store);
	grant_systems(&f, s);
	if (syscall(SYS_landlock_restrict_self, f.rules, 0) == -1)
		cannot(s, "files cannot be kept apart by Landlock");
	close(f.rules);
}

/* --- system calls ------------------------------------------------------------------- */

#if defined(__x86_64__)
#define ARCHITECTURE	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE	AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
static const int	syscalls[] = {
#define SYSCALL(name)	SYS_##name,
#include "base/process/syscalls.tbl"
#undef SYSCALL
};
#define SYSCALLS	(sizeof(syscalls) / sizeof(syscalls[0]))

/* Calls that are let through with some values of an argument only. */
enum condition { ONE_OF, ALL_BITS, NO_BITS };
#define VALUES_MOST	5

static const struct conditional {
	int		nr;
	int		argument;	/* from 0 */
	enum condition	condition;
	uint32_t	values[VALUES_MOST];
	int		count;
	int		error;		/* else; 0: as of any other call */
} conditionals[] = {
	/* memory that was written is never executed */
	{ SYS_mmap, 2, NO_BITS, { PROT_EXEC }, 1, 0 },
	{ SYS_mprotect, 2, NO_BITS, { PROT_EXEC }, 1, 0 },
	/* threads, no processes; clone3, which tells less, is not there */
	{ SYS_clone, 0, ALL_BITS, { CLONE_THREAD | CLONE_VM }, 1, 0 },
	{ SYS_socket, 0, ONE_OF, { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK }, 4,
	    EAFNOSUPPORT },
	{ SYS_prctl, 0, ONE_OF, { PR_SET_NAME, PR_GET_NAME,
	    0x53564d41 /* PR_SET_VMA */ }, 3, 0 },
	{ SYS_ioctl, 1, ONE_OF, { FIONBIO, FIONREAD, FIOCLEX, TCGETS,
	    SIOCGIFINDEX }, 5, ENOTTY },
};
#define CONDITIONALS	(sizeof(conditionals) / sizeof(conditionals[0]))

/* The longest: those before and after, a conditional's, a call's two. */
#define PROGRAM_MOST	(8 + CONDITIONALS * (5 + VALUES_MOST) + 2 * SYSCALLS)

struct program {
	struct sock_filter	code[PROGRAM_MOST];
	size_t			len;
	uint32_t		refusal;
};

static void
emit(struct program *p, uint16_t code, uint32_t k, size_t yes, size_t no)
{
	CHECK(p->len < PROGRAM_MOST);
	p->code[p->len++] = (struct sock_filter){ .code = code,
	    .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k };
}

static void
emit_load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
emit_return(struct program *p, uint32_t action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* The number is loaded, and is so again for the next. */
static void
emit_conditional(struct program *p, const struct conditional *c)
{
	size_t	n = (size_t)c->count, tests = c->condition == ONE_OF ? n : 2;

	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)c->nr, 0, tests + 3);
	/* the lower half: the kernel reads only that */
	emit_load(p, offsetof(struct seccomp_data, args) +
	    (size_t)c->argument * sizeof(uint64_t));
	if (c->condition == ONE_OF)
		for (size_t i = 0; i < n; i++)
			emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->values[i],
			    n - i, 0);
	else {
		emit(p, BPF_ALU | BPF_AND | BPF_K, c->values[0], 0, 0);
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, c->condition == NO_BITS ?
		    0 : c->values[0], 1, 0);
	}
	emit_return(p, c->error == 0 ? p->refusal :
	    SECCOMP_RET_ERRNO | (uint32_t)c->error);
	emit_return(p, SECCOMP_RET_ALLOW);
}

/*
 * A refused call fails with ENOSYS, as on an older kernel, and libraries can
 * do without it. A call of another architecture ends the process.
 */
static void
make_program(struct program *p, bool is_strict)
{
	p->len = 0;
	p->refusal = is_strict ? SECCOMP_RET_KILL_PROCESS :
	    SECCOMP_RET_ERRNO | ENOSYS;
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	/* with ENOSYS even where others kill: the C library then takes clone */
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
	emit_return(p, SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < CONDITIONALS; i++)
		emit_conditional(p, &conditionals[i]);
	for (size_t i = 0; i < SYSCALLS; i++) {
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)syscalls[i], 0,
		    1);
		emit_return(p, SECCOMP_RET_ALLOW);
	}
	emit_return(p, p->refusal);
}

static void
fence_calls(const struct settings *s)
{
	static struct program	p;
	struct sock_fprog	filter;

	make_program(&p, strcmp(s->harden, "strict") == 0);
	filter = (struct sock_fprog){ (unsigned short)p.len, p.code };
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == -1)
		cannot(s, "system calls cannot be limited by seccomp");
}
#else
static void
fence_calls(const struct settings *s)
{
	(void)s;
	log_info("system calls are not limited on this architecture");
}
#endif

/* --- all of it --------------------------------------------------------------------- */

void
harden(const struct settings *s, const char *store)
{
	const char	*who = watcher();

	if (strcmp(s->harden, "off") == 0) {
		log_warn("FLICKET_HARDEN is off: this process keeps every "
		    "privilege that it was started with");
		return;
	}
	if (who != NULL) {
		log_info("%s is at work here: the process is not hardened",
		    who);
		return;
	}
	drop_privileges(s);
	fence_files(s, store);
	fence_calls(s);
	log_debug("hardened");
}
