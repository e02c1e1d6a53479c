import { perLanguage } from '../i18n/t';

const MINUTE = 60, HOUR = 3600, DAY = 86400, MONTH = 30 * DAY, YEAR = 365 * DAY;
const steps: [number, number, Intl.RelativeTimeFormatUnit][] = [
	[MINUTE, 1, 'second'], [HOUR, MINUTE, 'minute'], [DAY, HOUR, 'hour'], [MONTH, DAY, 'day'],
	[YEAR, MONTH, 'month'], [Infinity, YEAR, 'year'],
];

const spanOf = (locale: string, style: 'narrow' | 'short') => new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style });

// The narrow form of some languages, such as French, is a number with a minus sign.
const spans = perLanguage(locale => {
	const narrow = spanOf(locale, 'narrow');
	return /^[-\u2212]/.test(narrow.format(-5, 'minute')) ? spanOf(locale, 'short') : narrow;
});
const times = perLanguage(locale => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }));

const ago = (seconds: number): string => {
	const [, size, unit] = steps.find(([below]) => Math.abs(seconds) < below)!;
	return unit === 'second' ? spans().format(0, 'second') : spans().format(Math.round(seconds / size), unit);
};

// How long ago it was; the pointer shows the exact time.
export const Time = ({ at }: { at: string }) => (
	<time dateTime={new Date(at).toISOString()} title={times().format(new Date(at))}>
		{ago((Date.parse(at) - Date.now()) / 1000)}
	</time>
);
