// A browser's storage may be full, forbidden or broken. The console then goes on without it.
export const guarded = <T>(what: () => T): T | undefined => {
	try {
		return what();
	} catch {
		return undefined;
	}
};
