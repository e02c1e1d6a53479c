import { render } from 'preact';
import { App, loadAhead } from './frame/app';
import { choose, speak } from './i18n/t';
import { dropOldDrafts } from './state/drafts';
import { begin, me } from './state/session';
import './state/settings';

// The first thing that is shown is in the user's language; without a session in the browser's.
const start = async (): Promise<void> => {
	await begin().catch(() => {});
	if (me.value)
		loadAhead();
	await speak(choose(me.value?.locale)).catch(() => {});
	render(<App />, document.getElementById('console')!);
	dropOldDrafts();
};

void start();
