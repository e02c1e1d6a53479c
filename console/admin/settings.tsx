// Shows the settings only: they are environment variables of the processes, and are changed there.

import { useState } from 'preact/hooks';
import { t } from '../i18n/t';
import { Refusal } from '../ui/field';
import { Page, useAnswer } from '../ui/page';
import { Status } from './status';
import { Tabs } from './tabs';

interface Setting {
	name: string;
	value: string | null;
	default: string | null;
	help: string;
}

const isFound = (setting: Setting, text: string): boolean =>
	text.toLowerCase().split(/\s+/).every(word => `${setting.name} ${setting.help}`.toLowerCase().includes(word));

// Between grave accents stand names and values.
const Help = ({ text }: { text: string }) => <>{text.split('`').map((part, i) => i % 2 ? <code key={i}>{part}</code> : part)}</>;

const Value = ({ setting }: { setting: Setting }) => setting.value === null || setting.value === ''
	? <span class="quiet">{t('setting.unset')}</span>
	: setting.value === setting.default ? <><code>{setting.value}</code> <span class="quiet">{t('setting.default')}</span></>
		: <b><code>{setting.value}</code></b>;

const Settings = () => {
	const { answer, problem, load } = useAnswer<{ items: Setting[] }>('settings');
	const [text, setText] = useState('');
	const found = answer?.items.filter(setting => isFound(setting, text.trim())) ?? [];
	return (
		<Page title={t('admin.settings')} actions={
			<input type="search" aria-label={t('setting.find')} placeholder={t('setting.find')} value={text} onInput={event => setText(event.currentTarget.value)} />
		}>
			<Tabs />
			<Status />
			<h2>{t('admin.settings')}</h2>
			<p class="quiet">{t('admin.settings_hint')}</p>
			<Refusal problem={problem} again={() => void load()} />
			<table class="plain settings" aria-busy={!answer && !problem}>
				<caption class="hidden">{t('admin.settings')}</caption>
				<thead><tr><th>{t('setting.name')}</th><th>{t('setting.value')}</th></tr></thead>
				<tbody>{found.map(setting => (
					<tr key={setting.name}><td><code>{setting.name}</code><br /><span class="quiet" lang="en"><Help text={setting.help} /></span></td>
						<td><Value setting={setting} /></td></tr>
				))}</tbody>
			</table>
			{answer && !found.length && <p class="empty">{t('combobox.none')}</p>}
		</Page>
	);
};

export default Settings;
