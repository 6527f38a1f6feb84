// The black box in a worker of a page: see `outside.mjs`.

import "./page.mjs";

onmessage = async ({ data }) => postMessage(await answers(data));
