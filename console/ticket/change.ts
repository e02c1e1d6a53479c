// A write names the version that its author saw, and the desk refuses it if the thing has another one. If the members
// that it changes are the same in both, it is sent again for the new version. Otherwise its author decides.

import { get, tagOf } from '../api/client';
import { asProblem } from '../ui/field';

const ATTEMPTS = 4;

// Somebody else changed the thing meanwhile; the desk has it as `now`.
export class Overtaken<Thing> extends Error {
	constructor(readonly now: Thing, readonly etag: string | undefined) {
		super();
	}
}

export type Headers = Record<string, string>;

interface Seen<Thing> {
	path: string; // that `thing` was got from
	thing: Thing;
	etag: string | undefined;
}

export const changeSeen = async <Thing extends object>(
	{ path, thing, etag }: Seen<Thing>, members: readonly (keyof Thing)[], write: (headers: Headers) => Promise<unknown>,
): Promise<void> => {
	for (let attempt = 1; ; attempt++) {
		try {
			await write(etag ? { 'If-Match': etag } : {});
			return;
		} catch (reason) {
			if (asProblem(reason).status !== 412 || attempt === ATTEMPTS)
				throw reason;
		}
		const now = await get<Thing>(path);
		etag = tagOf(path);
		if (members.some(member => now[member] !== thing[member]))
			throw new Overtaken(now, etag);
	}
};
