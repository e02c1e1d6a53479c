// The state of the desk, from its own check of readiness.

import { useState } from 'preact/hooks';
import { root } from '../api/client';
import { t, type Key } from '../i18n/t';
import { usePoll } from '../state/poll';
import { session } from '../state/session';

interface Readiness {
	services: Record<string, string>;
	disk?: string;
}

const NAMES: Record<string, Key> = { user: 'service.user', ticket: 'service.ticket', post: 'service.post', lookup: 'service.lookup' };

export const Status = () => {
	const [is, setIs] = useState<Readiness | null>(null);
	usePoll(async signal => setIs(await (await fetch(`${root}readyz`, { signal })).json() as Readiness), 10, []);
	return (
		<section aria-labelledby="status">
			<h2 id="status">{t('status.title')}</h2>
			<ul class="states" aria-busy={!is}>
				<li>flicketd {session.value!.version}</li>
				{is && Object.entries(is.services).map(([name, state]) => (
					<li key={name}>{NAMES[name] ? t(NAMES[name]) : name} <span class={`pill ${state === 'up' ? 'open' : 'waiting'}`}>{t(state === 'up' ? 'status.up' : 'status.down')}</span></li>
				))}
				{is?.disk && <li>{t('status.disk')} <span class={`pill ${is.disk === 'ok' ? 'open' : 'waiting'}`}>{is.disk === 'ok' ? t('status.ok') : is.disk}</span></li>}
				{session.value!.read_only && <li><span class="pill waiting">{t('status.read_only')}</span></li>}
			</ul>
		</section>
	);
};
