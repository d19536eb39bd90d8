/** Numbers of a system call on x86-64 and on arm64; 0 where it does not exist. */
const DENIED: Readonly<Record<string, readonly [x64: number, arm64: number]>> = {
  // Keys of the session outside are not in a namespace.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  // Other processes.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  // Large parts of the kernel that servers do not need and that had many faults.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  fanotify_init: [300, 262],
  // Namespaces and file systems.
  unshare: [272, 97],
  setns: [308, 268],
  chroot: [161, 51],
  pivot_root: [155, 41],
  mount: [165, 40],
  umount2: [166, 39],
  move_mount: [429, 429],
  mount_setattr: [442, 442],
  open_tree: [428, 428],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  sysfs: [139, 0],
  ustat: [136, 0],
  // The machine itself.
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, 0],
  query_module: [178, 0],
  get_kernel_syms: [177, 0],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  vhangup: [153, 58],
  iopl: [172, 0],
  ioperm: [173, 0],
  uselib: [134, 0],
  _sysctl: [156, 0],
};

/** Classic BPF, see linux/bpf_common.h and linux/seccomp.h. */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_GREATER_OR_EQUAL = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const NOT_PERMITTED = 0x00050001;
const KILL_PROCESS = 0x80000000;

const ARCHITECTURES: Readonly<Record<string, { readonly audit: number; readonly column: 0 | 1 }>> =
  {
    x64: { audit: 0xc000003e, column: 0 },
    arm64: { audit: 0xc00000b7, column: 1 },
  };

/**
 * A filter program for `bwrap --seccomp` that refuses, with EPERM, the system calls that container
 * engines refuse too. Undefined on processors whose numbers we do not know.
 */
export function seccompFilter(arch: string = process.arch): Buffer | undefined {
  const architecture = ARCHITECTURES[arch];
  if (!architecture) return undefined;
  const numbers = Object.values(DENIED)
    .map((pair) => pair[architecture.column])
    .filter((number) => number > 0);
  const count = numbers.length;
  return Buffer.concat([
    instruction(LOAD, 4),
    // Another architecture has other numbers: 32-bit programs would walk around the filter.
    instruction(JUMP_IF_EQUAL, architecture.audit, 1, 0),
    instruction(RETURN, KILL_PROCESS),
    instruction(LOAD, 0),
    // The x32 interface numbers its calls from here.
    instruction(JUMP_IF_GREATER_OR_EQUAL, 0x40000000, count + 1, 0),
    ...numbers.map((number, index) => instruction(JUMP_IF_EQUAL, number, count - index, 0)),
    instruction(RETURN, ALLOW),
    instruction(RETURN, NOT_PERMITTED),
  ]);
}

function instruction(code: number, value: number, ifTrue = 0, ifFalse = 0): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(value, 4);
  return bytes;
}
