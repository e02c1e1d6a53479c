/* flicketctl keys: the keys that the processes know each other by. */
#ifndef FLICKETCTL_KEYS_H
#define FLICKETCTL_KEYS_H

/* 0 done, 1 failed or, of `check`, something is wrong, 2 wrong usage. */
int	keys_main(int argc, char **argv);

#endif
