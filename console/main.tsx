import { render } from 'preact';
import { App } from './frame/app';
import { choose, speak } from './i18n/t';
import { dropOldDrafts } from './state/drafts';
import { begin, me } from './state/session';
import './state/settings';

const start = async (): Promise<void> => {
	await Promise.all([speak(choose(null)), begin().catch(() => {})]);
	if (me.value?.locale)
		await speak(choose(me.value.locale));
	render(<App />, document.getElementById('console')!);
	dropOldDrafts();
};

void start();
