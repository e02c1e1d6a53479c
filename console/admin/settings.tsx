import { useEffect, useState } from 'preact/hooks';
import { get, type Problem } from '../api/client';
import { t } from '../i18n/t';
import { asProblem, Refusal } from '../ui/field';
import { Page } from '../ui/page';
import { Tabs } from './tabs';

interface Setting {
	name: string;
	value: string | null;
	default: string | null;
	help: string;
}

// To look at: they are environment variables of the processes, and are changed there.
const Settings = () => {
	const [items, setItems] = useState<Setting[]>([]);
	const [problem, setProblem] = useState<Problem | null>(null);
	const load = (): void => void get<{ items: Setting[] }>('settings').then(answer => { setItems(answer.items); setProblem(null); }, reason => setProblem(asProblem(reason)));
	useEffect(load, []);
	return (
		<Page title={t('admin.settings')}>
			<Tabs />
			<p class="quiet">{t('admin.settings_hint')}</p>
			<Refusal problem={problem} again={load} />
			<div class="scroll" role="region" aria-label={t('admin.settings')} tabIndex={0}>
				<table class="plain">
					<caption class="hidden">{t('admin.settings')}</caption>
					<thead><tr><th>{t('setting.name')}</th><th>{t('setting.value')}</th><th class="wide">{t('setting.help')}</th></tr></thead>
					<tbody>{items.map(setting => (
						<tr key={setting.name}><td><code>{setting.name}</code></td>
							<td>{setting.value ?? <span class="quiet">{t('setting.unset')}</span>}{setting.value === setting.default && <span class="quiet"> ({t('setting.default')})</span>}</td>
							<td class="wide">{setting.help}</td></tr>
					))}</tbody>
				</table>
			</div>
		</Page>
	);
};

export default Settings;
