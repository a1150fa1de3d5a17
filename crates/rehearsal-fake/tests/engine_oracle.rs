//! The scheduler against a naive one that shares no code with it.
//!
//! The oracle keeps whole lists, counts blocks instead of handing them out, and knows neither prefix cache nor time in between: it says
//! what is in every step. It follows vLLM's FCFS rules as written down in prose: running requests first, in order; a request without blocks
//! preempts the last one; waiting requests only when nobody was preempted; preempted ones go to the head.

use std::{collections::VecDeque, num::NonZeroU32, sync::Arc};

use proptest::prelude::*;
use rehearsal_fake::engine::{Engine, EngineConfig, EngineRequest, Event, Nanos, StepTime};

/// Tokens decoded, tokens prefilled, KV tokens, running, waiting, preempted: one row a step.
type Row = (u32, u32, u64, u32, u32, u32);

#[derive(Clone, Debug)]
struct Job {
    prompt: u32,
    output: u32,
    made: u32,
    done: u32,
    blocks: u32,
    step: u32,
}

struct Limits {
    seqs: usize,
    budget: u32,
    blocks: u32,
    block: u32,
}

/// Every job arrives before the first step, except that `late` ones arrive before the step with their number.
fn oracle(jobs: &[(u32, u32, usize)], limits: &Limits) -> Vec<Row> {
    let job = |prompt, output| Job { prompt, output, made: 0, done: 0, blocks: 0, step: 0 };
    let mut waiting: VecDeque<Job> = VecDeque::new();
    let mut running: Vec<Job> = Vec::new();
    let mut free = limits.blocks;
    let mut rows = Vec::new();
    let mut arrived = 0;
    loop {
        while arrived < jobs.len() && jobs[arrived].2 <= rows.len() {
            waiting.push_back(job(jobs[arrived].0, jobs[arrived].1));
            arrived += 1;
        }
        if waiting.is_empty() && running.is_empty() {
            if arrived == jobs.len() {
                return rows;
            }
            // idle: the next arrival makes the next step
            waiting.push_back(job(jobs[arrived].0, jobs[arrived].1));
            arrived += 1;
        }
        let mut budget = limits.budget;
        let (mut decode, mut prefill, mut preempted) = (0, 0, 0);
        let mut at = 0;
        'running: while at < running.len() && 0 < budget {
            let want = (running[at].prompt + running[at].made - running[at].done).min(budget);
            let need = (running[at].done + want).div_ceil(limits.block) - running[at].blocks;
            while free < need {
                let mut victim = running.pop().expect("someone runs");
                free += victim.blocks;
                (victim.done, victim.blocks, victim.step) = (0, 0, 0);
                waiting.push_front(victim);
                preempted += 1;
                if running.len() <= at {
                    break 'running;
                }
            }
            free -= need;
            running[at].blocks += need;
            running[at].step = want;
            budget -= want;
            let decodes = 0 < running[at].made && running[at].done + 1 == running[at].prompt + running[at].made;
            *if decodes && running[at].prompt <= running[at].done { &mut decode } else { &mut prefill } += want;
            at += 1;
        }
        while preempted == 0 && 0 < budget && running.len() < limits.seqs {
            let Some(first) = waiting.front_mut() else { break };
            let want = (first.prompt + first.made).min(budget);
            let need = want.div_ceil(limits.block);
            if free < need {
                break;
            }
            free -= need;
            first.blocks = need;
            first.step = want;
            budget -= want;
            prefill += want;
            running.extend(waiting.pop_front());
        }
        let kv = running.iter().map(|job| u64::from(job.prompt + job.made)).sum();
        let count = |len: usize| u32::try_from(len).expect("few");
        rows.push((decode, prefill, kv, count(running.len()), count(waiting.len()), preempted));
        for job in &mut running {
            job.done += std::mem::take(&mut job.step);
            job.made += u32::from(job.done == job.prompt + job.made);
        }
        free += running.iter().filter(|job| job.made == job.output).map(|job| job.blocks).sum::<u32>();
        running.retain(|job| job.made < job.output);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_step_is_the_oracles(
        mut jobs in prop::collection::vec((1_u32..50, 1_u32..30, 0_usize..40), 1..16),
        seqs in 1_usize..8,
        spare_budget in 0_u32..40,
        // any one job of the above fits alone
        blocks in 20_u32..60,
    ) {
        jobs.sort_by_key(|(.., step)| *step);
        let limits = Limits { seqs, budget: u32::try_from(seqs).unwrap() + spare_budget, blocks, block: 4 };
        let expect = oracle(&jobs, &limits);

        let mut config = EngineConfig::new(StepTime::constant_ms(1.0));
        config.max_num_seqs = u32::try_from(seqs).unwrap();
        config.max_num_batched_tokens = limits.budget;
        config.max_model_len = 100;
        config.block_size = limits.block;
        config.num_gpu_blocks = blocks + 1;
        config.enable_prefix_caching = false;
        let mut engine = Engine::new(config).unwrap();
        let mut pending: VecDeque<_> = jobs.iter().collect();
        let mut got: Vec<Row> = Vec::new();
        loop {
            let now = Nanos::from_millis(got.len() as u64);
            let idle = engine.next_deadline().is_none();
            let submit = |engine: &mut Engine, (prompt, output, _): &(u32, u32, usize)| {
                let tokens: Arc<[u32]> = (0..*prompt).collect();
                engine.submit(now, EngineRequest::new(tokens, NonZeroU32::new(*output).unwrap())).unwrap();
            };
            let mut any = false;
            while let Some(job) = pending.pop_front_if(|(.., step)| *step <= got.len()) {
                submit(&mut engine, job);
                any = true;
            }
            if idle && !any {
                let Some(job) = pending.pop_front() else { break };
                submit(&mut engine, job);
            }
            // begins the step at `now` and ends it a millisecond later, when the next arrivals come
            let target = now + Nanos::from_millis(1);
            engine.advance_to(target, &mut |event: Event| {
                if let Event::StepEnded { step, .. } = event {
                    got.push((
                        step.decode,
                        step.prefill_tokens,
                        step.kv_tokens,
                        step.running,
                        step.waiting,
                        step.preempted,
                    ));
                }
            });
        }
        prop_assert_eq!(got, expect);
    }
}
