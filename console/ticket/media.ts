import { useEffect, useState } from 'preact/hooks';

// Whether a media query holds, told anew when that changes.
export const useMedia = (query: string): boolean => {
	const [holds, setHolds] = useState(() => matchMedia(query).matches);
	useEffect(() => {
		const list = matchMedia(query);
		const onChange = (): void => setHolds(list.matches);
		onChange();
		list.addEventListener('change', onChange);
		return () => list.removeEventListener('change', onChange);
	}, [query]);
	return holds;
};
